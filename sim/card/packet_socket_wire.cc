#include "sim/card/packet_socket_wire.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "sim/card/network_interface.h"

namespace pointsman {
namespace {

// What precedes a frame with PACKET_VNET_HDR (Virtio 1.1, 5.1.6, without num_buffers), host order.
// Linux' own header of it is no C++.
struct VnetHeader {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t hdr_len;
  uint16_t gso_size;
  uint16_t csum_start;
  uint16_t csum_offset;
};
constexpr size_t kVnetHeaderBytes = sizeof(VnetHeader);
static_assert(kVnetHeaderBytes == 10);
constexpr uint8_t kNeedsChecksum = 1;
constexpr uint8_t kNoSegmentation = 0;

constexpr size_t kVlanTagBytes = 4;

absl::Status SetOption(const std::string& name, int fd, int option, const char* what) {
  const int on = 1;
  if (setsockopt(fd, SOL_PACKET, option, &on, sizeof(on)) != 0) {
    return InterfaceError(name, what, errno);
  }
  return absl::OkStatus();
}

absl::Status Configure(const std::string& name, int fd, int interface_index) {
  absl::Status status = SetOption(name, fd, PACKET_VNET_HDR, "cannot set PACKET_VNET_HDR");
  status.Update(SetOption(name, fd, PACKET_AUXDATA, "cannot set PACKET_AUXDATA"));
  status.Update(SetOption(name, fd, PACKET_IGNORE_OUTGOING, "cannot set PACKET_IGNORE_OUTGOING"));
  if (!status.ok()) return status;
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = interface_index;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return InterfaceError(name, "packet socket cannot be bound", errno);
  }
  packet_mreq membership = {};
  membership.mr_ifindex = interface_index;
  membership.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)) != 0) {
    return InterfaceError(name, "cannot be set promiscuous", errno);
  }
  // Best effort: a simulated card is slow, so bursts wait in the socket.
  const int buffer_bytes = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
  return absl::OkStatus();
}

void RestoreVlanTag(const msghdr& message, std::vector<uint8_t>& bytes) {
  msghdr copy = message;
  for (cmsghdr* control = CMSG_FIRSTHDR(&copy); control != nullptr;
       control = CMSG_NXTHDR(&copy, control)) {
    if (control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux = {};
    std::memcpy(&aux, CMSG_DATA(control), sizeof(aux));
    if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0 || bytes.size() < 2 * ETH_ALEN) return;
    const uint16_t tpid =
        (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? aux.tp_vlan_tpid : ETH_P_8021Q;
    const uint16_t tag[2] = {htons(tpid), htons(aux.tp_vlan_tci)};
    const auto* tag_bytes = reinterpret_cast<const uint8_t*>(tag);
    bytes.insert(bytes.begin() + 2 * ETH_ALEN, tag_bytes, tag_bytes + kVlanTagBytes);
    return;
  }
}

}  // namespace

absl::Status CompleteChecksum(size_t start, size_t offset, std::vector<uint8_t>& bytes) {
  if (start + offset + 2 > bytes.size()) {
    return absl::OutOfRangeError(fmt::format(
        "checksum field at {} + {} is outside a frame of {} bytes", start, offset, bytes.size()));
  }
  uint64_t sum = 0;
  for (size_t i = start; i < bytes.size(); ++i) {
    sum += (i - start) % 2 == 0 ? uint64_t{bytes[i]} << 8 : bytes[i];
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  uint16_t checksum = static_cast<uint16_t>(~sum);
  if (checksum == 0) checksum = 0xffff;  // in UDP, 0 says that there is none
  bytes[start + offset] = static_cast<uint8_t>(checksum >> 8);
  bytes[start + offset + 1] = static_cast<uint8_t>(checksum);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PacketSocketWire>> PacketSocketWire::Open(
    const std::string& interface_name) {
  absl::StatusOr<ifreq> request = InterfaceRequest(interface_name);
  if (!request.ok()) return request.status();
  // Protocol 0: nothing arrives before bind() has chosen the interface.
  FileDescriptor socket_fd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_fd.valid()) {
    return InterfaceError(interface_name, "a packet socket needs CAP_NET_RAW", errno);
  }
  if (ioctl(socket_fd.get(), SIOCGIFINDEX, &*request) != 0) {
    return InterfaceError(interface_name, "no such interface in this network namespace", errno);
  }
  const int index = request->ifr_ifindex;
  if (absl::Status status = SetInterfaceUp(interface_name); !status.ok()) return status;
  if (absl::Status status = Configure(interface_name, socket_fd.get(), index); !status.ok()) {
    return status;
  }
  return std::unique_ptr<PacketSocketWire>(
      new PacketSocketWire(interface_name, std::move(socket_fd)));
}

PacketSocketWire::PacketSocketWire(std::string interface_name, FileDescriptor socket)
    : interface_name_(std::move(interface_name)),
      socket_(std::move(socket)),
      buffer_(kVnetHeaderBytes + 65536 + ETH_HLEN) {}

absl::Status PacketSocketWire::Receive(size_t max_frames, std::vector<Frame>& frames) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(tpacket_auxdata))];
  for (; max_frames > 0; --max_frames) {
    iovec part = {buffer_.data(), buffer_.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t count = recvmsg(socket_.get(), &message, MSG_TRUNC);
    if (count < 0) {
      // An interface that is down is a pulled cable: frames come again when it is up.
      if (errno == EAGAIN || errno == EINTR || errno == ENETDOWN) break;
      return InterfaceError(interface_name_, "cannot be read", errno);
    }
    TakeMessage(message, static_cast<size_t>(count), frames);
  }
  return absl::OkStatus();
}

void PacketSocketWire::TakeMessage(const msghdr& message, size_t message_bytes,
                                   std::vector<Frame>& frames) {
  if (message_bytes <= kVnetHeaderBytes) return;
  VnetHeader header = {};
  std::memcpy(&header, buffer_.data(), kVnetHeaderBytes);
  const size_t frame_bytes = message_bytes - kVnetHeaderBytes;
  const bool segment = header.gso_type != kNoSegmentation;
  if (segment || frame_bytes + kVlanTagBytes > kMaxFrameBytes) {
    if (oversized_++ == 0) {
      fmt::print(stderr,
                 "pointsman: {}: dropped a frame of {} bytes that the sender left to the card to "
                 "cut (more are only counted): turn tso, gso and gro off at the other end\n",
                 interface_name_, frame_bytes);
    }
    return;
  }
  const uint8_t* begin = buffer_.data() + kVnetHeaderBytes;
  Frame frame{std::vector<uint8_t>(begin, begin + frame_bytes)};
  if ((header.flags & kNeedsChecksum) != 0 &&
      !CompleteChecksum(header.csum_start, header.csum_offset, frame.bytes).ok()) {
    frame.damaged = true;
  }
  RestoreVlanTag(message, frame.bytes);
  frames.push_back(std::move(frame));
}

absl::Status PacketSocketWire::Send(absl::Span<const Frame> frames) {
  VnetHeader header = {};
  for (const Frame& frame : frames) {
    iovec parts[2] = {{&header, sizeof(header)},
                      {const_cast<uint8_t*>(frame.bytes.data()), frame.bytes.size()}};
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    if (sendmsg(socket_.get(), &message, 0) >= 0) continue;
    if (errno == ENXIO || errno == ENODEV) {
      return InterfaceError(interface_name_, "is gone", errno);
    }
    if (not_taken_++ == 0) {
      fmt::print(stderr,
                 "pointsman: {}: a frame of {} bytes was not taken (more are only counted): {}\n",
                 interface_name_, frame.bytes.size(), std::strerror(errno));
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman
