// Owns a file descriptor and closes it.
#ifndef POINTSMAN_SIM_CARD_FILE_DESCRIPTOR_H_
#define POINTSMAN_SIM_CARD_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace pointsman {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_FILE_DESCRIPTOR_H_
