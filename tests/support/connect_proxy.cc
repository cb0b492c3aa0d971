#include "tests/support/connect_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace pointsman::test {
namespace {

constexpr int kLookForStopMs = 50;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string ReadHead(int client) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && read(client, &byte, 1) == 1) head += byte;
  return head;
}

// False: one of them has closed.
bool Carry(int from, int to) {
  std::array<char, 16384> bytes;
  const ssize_t size = read(from, bytes.data(), bytes.size());
  return size > 0 && write(to, bytes.data(), static_cast<size_t>(size)) == size;
}

}  // namespace

ConnectProxy::ConnectProxy(uint16_t to_port) : to_port_(to_port) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* name = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, name, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, name, &size) != 0) {
    ADD_FAILURE() << "cannot listen";
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Accept(); });
}

ConnectProxy::~ConnectProxy() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::vector<std::string> ConnectProxy::Requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ConnectProxy::Accept() {
  for (int client; (client = accept(listener_, nullptr, nullptr)) >= 0;) {
    tunnels_.emplace_back([this, client] { Serve(client); });
  }
  for (std::thread& tunnel : tunnels_) tunnel.join();
}

void ConnectProxy::Serve(int client) {
  const std::string head = ReadHead(client);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(head);
  }
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(to_port_);
  constexpr std::string_view kOk = "HTTP/1.1 200 Connection established\r\n\r\n";
  bool open = connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
              write(client, kOk.data(), kOk.size()) == static_cast<ssize_t>(kOk.size());
  while (open && !stopping_) {
    std::array<pollfd, 2> ends = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (poll(ends.data(), ends.size(), kLookForStopMs) <= 0) continue;
    if (ends[0].revents != 0) open = Carry(client, server);
    if (open && ends[1].revents != 0) open = Carry(server, client);
  }
  close(server);
  close(client);
}

}  // namespace pointsman::test
