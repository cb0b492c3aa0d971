#include "tests/support/test_certificates.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <utility>

namespace pointsman::test {
namespace {

constexpr char kScript[] = R"(set -e
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
authority() { openssl req -x509 $key -keyout $1.key -out $1.crt -subj /CN=$1 -days 2; }
signed() {
  openssl req $key -keyout $1.key -out $1.csr -subj "$3"
  echo "subjectAltName=DNS:localhost,DNS:api.test,IP:127.0.0.1" >names
  openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days $2 -out $1.crt -extfile names
}
authority ca
authority other-ca
signed server 2 /CN=api.test
signed expired-server -1 /CN=api.test
signed client 2 /O=system:nodes/CN=worker-1
signed expired-client -1 /O=system:nodes/CN=worker-1
)";

}  // namespace

TestCertificates::TestCertificates(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::ofstream(folder_ / "make") << kScript;
  const std::string command = "cd '" + folder_.string() + "' && sh make >log 2>&1";
  if (std::system(command.c_str()) != 0) ADD_FAILURE() << "see " << folder_ / "log";
}

}  // namespace pointsman::test
