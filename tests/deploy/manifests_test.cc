// What is deployed agrees with the program: rights, options, ports.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "host/apiserver/resource.h"
#include "tests/deploy/chart.h"

namespace pointsman {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::filesystem::path kDeploy = POINTSMAN_DEPLOY_FOLDER;

std::string Content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

YAML::Node DefaultValues() { return YAML::LoadFile(kDeploy / "helm/values.yaml"); }

std::string RenderChart(const YAML::Node& values) {
  std::string text;
  for (const char* name : {"access.yaml", "daemonset.yaml"}) {
    if (!text.empty()) text += "---\n";
    text += test::Render(Content(kDeploy / "helm/templates" / name), values, "kube-system");
  }
  EXPECT_THAT(text, Not(HasSubstr("{{")));
  return text;
}

YAML::Node ObjectOf(const std::string& text, const std::string& kind) {
  for (const YAML::Node& document : YAML::LoadAll(text)) {
    if (document["kind"].as<std::string>() == kind) return document;
  }
  ADD_FAILURE() << "no " << kind;
  return {};
}

YAML::Node Agent(const std::string& text) {
  return ObjectOf(text, "DaemonSet")["spec"]["template"]["spec"]["containers"][0];
}

std::vector<std::string> Texts(const YAML::Node& list) {
  return list.as<std::vector<std::string>>();
}

std::string Help() {
  std::string text;
  FILE* pipe = popen(POINTSMAN_PROGRAM " agent --help", "r");
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0);
  return text;
}

// "--node" of a list of arguments.
std::vector<std::string> OptionsOf(const std::vector<std::string>& arguments) {
  std::vector<std::string> options;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--")) options.push_back(argument);
  }
  return options;
}

TEST(DeployTest, ThePlainManifestsAreTheChartsWithItsDefaultValues) {
  const std::string rendered =
      "# deploy/helm with its default values, in namespace kube-system.\n" +
      RenderChart(DefaultValues());
  std::ofstream(POINTSMAN_RENDERED_FILE) << rendered;
  EXPECT_EQ(Content(kDeploy / "pointsman.yaml"), rendered)
      << "to make them so: cp " << POINTSMAN_RENDERED_FILE << " deploy/pointsman.yaml";
}

TEST(DeployTest, TheRightsAreThoseThatAreUsed) {
  std::map<std::string, std::vector<std::string>> given;
  for (const YAML::Node& rule : ObjectOf(RenderChart(DefaultValues()), "ClusterRole")["rules"]) {
    for (const std::string& group : Texts(rule["apiGroups"])) {
      for (const std::string& resource : Texts(rule["resources"])) {
        given[group.empty() ? resource : resource + "." + group] = Texts(rule["verbs"]);
      }
    }
  }
  std::map<std::string, std::vector<std::string>> used;
  for (const kube::Kind kind : kube::kFollowedKinds) {
    used[kube::ResourceOf(kind).name] = {"list", "watch"};
  }
  EXPECT_EQ(given, used);
}

TEST(DeployTest, EveryOptionIsOneOfTheProgram) {
  const std::string help = Help();
  YAML::Node values = DefaultValues();
  values["serviceCidr"] = "10.96.0.0/12";
  std::vector<std::string> options = OptionsOf(Texts(Agent(RenderChart(values))["args"]));
  std::istringstream lines(Content(kDeploy / "pointsman.default"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.starts_with('#') ? "" : line);
    for (std::string word; words >> word;) {
      if (const size_t at = word.find("--"); at != std::string::npos) {
        options.push_back(word.substr(at));
      }
    }
  }
  EXPECT_THAT(options, Contains("--service-cidr"));
  EXPECT_THAT(options, Contains("--kubeconfig"));
  for (const std::string& option : options) EXPECT_THAT(help, HasSubstr(option + " ")) << option;
}

TEST(DeployTest, ProbesAskWhereTheProgramAnswers) {
  const YAML::Node agent = Agent(RenderChart(DefaultValues()));
  const std::vector<std::string> args = Texts(agent["args"]);
  const std::string port = agent["ports"][0]["containerPort"].as<std::string>();
  EXPECT_THAT(args, Contains("0.0.0.0:" + port));
  for (const auto& [probe, path] :
       std::map<std::string, std::string>{{"startupProbe", "/livez"},
                                          {"livenessProbe", "/livez"},
                                          {"readinessProbe", "/healthz"}}) {
    EXPECT_EQ(agent[probe]["httpGet"]["path"].as<std::string>(), path);
    EXPECT_EQ(agent[probe]["httpGet"]["port"].as<std::string>(),
              agent["ports"][0]["name"].as<std::string>());
  }
}

TEST(DeployTest, ThePodMayNoMoreThanItNeeds) {
  const std::string text = RenderChart(DefaultValues());
  const YAML::Node pod = ObjectOf(text, "DaemonSet")["spec"]["template"]["spec"];
  EXPECT_EQ(pod["priorityClassName"].as<std::string>(), "system-node-critical");
  EXPECT_TRUE(pod["securityContext"]["runAsNonRoot"].as<bool>());
  const YAML::Node context = Agent(text)["securityContext"];
  EXPECT_TRUE(context["readOnlyRootFilesystem"].as<bool>());
  EXPECT_FALSE(context["allowPrivilegeEscalation"].as<bool>());
  EXPECT_THAT(Texts(context["capabilities"]["drop"]), ElementsAre("ALL"));
  EXPECT_FALSE(context["capabilities"]["add"]);
  std::set<std::string> volumes, mounts;
  for (const YAML::Node& volume : pod["volumes"]) volumes.insert(volume["name"].as<std::string>());
  for (const YAML::Node& mount : Agent(text)["volumeMounts"]) {
    mounts.insert(mount["name"].as<std::string>());
  }
  EXPECT_EQ(volumes, mounts);
  EXPECT_EQ(pod["serviceAccountName"].as<std::string>(),
            ObjectOf(text, "ServiceAccount")["metadata"]["name"].as<std::string>());
  EXPECT_EQ(ObjectOf(text, "ClusterRoleBinding")["roleRef"]["name"].as<std::string>(),
            ObjectOf(text, "ClusterRole")["metadata"]["name"].as<std::string>());
}

TEST(DeployTest, StateIsKeptWhereItOutlivesTheAgent) {
  const auto option = [](const std::string& text) {
    const std::vector<std::string> args = Texts(Agent(text)["args"]);
    const auto at = std::ranges::find(args, "--state-dir");
    return at == args.end() ? "" : *std::next(at);
  };
  const std::string folder = option(RenderChart(DefaultValues()));
  EXPECT_TRUE(folder.starts_with(
      Agent(RenderChart(DefaultValues()))["volumeMounts"][0]["mountPath"].as<std::string>() + "/"));
  YAML::Node values = DefaultValues();
  values["stateFolder"] = "/var/lib/pointsman/state";
  const std::string text = RenderChart(values);
  const YAML::Node pod = ObjectOf(text, "DaemonSet")["spec"]["template"]["spec"];
  EXPECT_EQ(Agent(text)["volumeMounts"][1]["mountPath"].as<std::string>(), option(text));
  EXPECT_EQ(Agent(text)["volumeMounts"][1]["name"].as<std::string>(),
            pod["volumes"][1]["name"].as<std::string>());
  EXPECT_EQ(pod["volumes"][1]["hostPath"]["path"].as<std::string>(), "/var/lib/pointsman/state");
  EXPECT_THAT(Content(kDeploy / "pointsman.default"), HasSubstr("--state-dir " + folder));
  EXPECT_THAT(Content(kDeploy / "pointsman.service"), HasSubstr("RuntimeDirectoryPreserve=yes"));
}

TEST(DeployTest, TheApiServersAddressIsSaidWhereItIsGiven) {
  YAML::Node values = DefaultValues();
  EXPECT_EQ(Agent(RenderChart(values))["env"].size(), 1u);
  values["apiServer"]["host"] = "10.0.0.1";
  const YAML::Node env = Agent(RenderChart(values))["env"];
  ASSERT_EQ(env.size(), 3u);
  EXPECT_EQ(env[1]["name"].as<std::string>(), "KUBERNETES_SERVICE_HOST");
  EXPECT_EQ(env[1]["value"].as<std::string>(), "10.0.0.1");
}

}  // namespace
}  // namespace pointsman
