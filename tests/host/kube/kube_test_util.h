// What the tests of host/kube share.
#ifndef POINTSMAN_TESTS_HOST_KUBE_KUBE_TEST_UTIL_H_
#define POINTSMAN_TESTS_HOST_KUBE_KUBE_TEST_UTIL_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "host/kube/decode.h"
#include "host/kube/object_set.h"

namespace pointsman::kube {

inline std::vector<std::string> Texts(const std::vector<Problem>& problems) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(problem.ToString());
  return texts;
}

inline std::vector<std::string> Texts(const std::vector<Note>& notes) {
  std::vector<std::string> texts;
  for (const Note& note : notes) texts.push_back(note.ToString());
  return texts;
}

// The one object of a text that must be good.
template <typename T>
T DecodeOne(const std::string& text) {
  const Decoded decoded = DecodeManifest(text, "good.yaml");
  EXPECT_THAT(Texts(decoded.problems), testing::IsEmpty()) << text;
  if (decoded.objects.size() != 1 || !std::holds_alternative<T>(decoded.objects[0].object)) {
    ADD_FAILURE() << "not one object of the kind wanted:\n" << text;
    return T();
  }
  return std::get<T>(decoded.objects[0].object);
}

// All objects of a text that must be good.
inline ObjectSet DecodeAll(const std::string& text) {
  const Decoded decoded = DecodeManifest(text, "good.yaml");
  EXPECT_THAT(Texts(decoded.problems), testing::IsEmpty()) << text;
  ObjectSet objects;
  for (const DecodedObject& object : decoded.objects) objects.Apply(object.object);
  return objects;
}

// The findings on a text in bad.yaml, none of which may come with an object.
inline std::vector<std::string> ProblemsOf(const std::string& text) {
  const Decoded decoded = DecodeManifest(text, "bad.yaml");
  EXPECT_TRUE(decoded.objects.empty()) << text;
  EXPECT_EQ(decoded.refused.size(), 1u) << text;
  return Texts(decoded.problems);
}

inline IpAddress Ip(const std::string& text) { return IpAddress::Parse(text).value(); }
inline IpPrefix Cidr(const std::string& text) { return IpPrefix::Parse(text).value(); }

}  // namespace pointsman::kube

#endif  // POINTSMAN_TESTS_HOST_KUBE_KUBE_TEST_UTIL_H_
