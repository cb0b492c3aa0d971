#include "host/apiserver/in_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/host/kube/temp_folder.h"

namespace pointsman::kube {
namespace {

using ::testing::HasSubstr;

class InClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    folder_.Write("token", "t");
    folder_.Write("ca.crt", "c");
  }
  void TearDown() override {
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
  }
  std::string Error() const {
    const auto config = InClusterConfig(folder_.path());
    return config.ok() ? "no error" : std::string(config.status().message());
  }

  TempFolder folder_;
};

TEST_F(InClusterTest, IsWhatTheKubeletPutsIntoAPod) {
  const auto config = InClusterConfig(folder_.path());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->token_file, folder_.path() / "token");
  EXPECT_EQ(config->certificate_authority.file, folder_.path() / "ca.crt");
}

TEST_F(InClusterTest, AnIpv6AddressIsPutInBrackets) {
  setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  EXPECT_EQ(InClusterConfig(folder_.path())->server, "https://[fd00::1]:443");
}

TEST_F(InClusterTest, NamesWhatIsMissing) {
  folder_.Remove("ca.crt");
  EXPECT_THAT(Error(), HasSubstr("ca.crt is missing"));
  folder_.Remove("token");
  EXPECT_THAT(Error(), HasSubstr("token is missing"));
  unsetenv("KUBERNETES_SERVICE_PORT");
  EXPECT_THAT(Error(), HasSubstr("KUBERNETES_SERVICE_PORT is missing"));
  unsetenv("KUBERNETES_SERVICE_HOST");
  EXPECT_THAT(Error(), HasSubstr("KUBERNETES_SERVICE_HOST is missing"));
}

}  // namespace
}  // namespace pointsman::kube
