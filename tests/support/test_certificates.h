// Certificates for one test, made by the openssl command when the test runs: an authority, a
// server's for localhost, 127.0.0.1 and api.test, a client's, one that has expired of each, and an
// authority that nobody trusts.
#ifndef POINTSMAN_TESTS_SUPPORT_TEST_CERTIFICATES_H_
#define POINTSMAN_TESTS_SUPPORT_TEST_CERTIFICATES_H_

#include <filesystem>
#include <string>

namespace pointsman::test {

class TestCertificates {
 public:
  // Writes NAME.crt and NAME.key into the folder, which must be there; NAME is one of ca, server,
  // expired-server, client, expired-client, other-ca. A failure fails the test.
  explicit TestCertificates(std::filesystem::path folder);

  std::filesystem::path Certificate(const std::string& name) const {
    return folder_ / (name + ".crt");
  }
  std::filesystem::path Key(const std::string& name) const { return folder_ / (name + ".key"); }

 private:
  std::filesystem::path folder_;
};

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_SUPPORT_TEST_CERTIFICATES_H_
