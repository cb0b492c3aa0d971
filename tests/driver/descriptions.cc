#include "tests/driver/descriptions.h"

#include <libfdt.h>

#include <fstream>
#include <iterator>

namespace pointsman {
namespace {

// Makes room, applies `change(tree, node)`, and packs again.
template <class Change>
std::vector<uint8_t> Changed(std::vector<uint8_t> blob, const char* path, Change change) {
  constexpr size_t kRoom = 4096;
  std::vector<uint8_t> tree(blob.size() + kRoom);
  fdt_open_into(blob.data(), tree.data(), static_cast<int>(tree.size()));
  change(tree.data(), fdt_path_offset(tree.data(), path));
  fdt_pack(tree.data());
  tree.resize(fdt_totalsize(tree.data()));
  return tree;
}

std::vector<uint8_t> Content(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<uint8_t> SimulationBlob() { return Content(POINTSMAN_BLOB_FOLDER "/sim.dtb"); }
std::vector<uint8_t> AlveoU55cBlob() { return Content(POINTSMAN_BLOB_FOLDER "/alveo-u55c.dtb"); }

std::vector<uint8_t> WithNumber(std::vector<uint8_t> blob, const char* path, const char* property,
                                uint32_t value) {
  return Changed(std::move(blob), path,
                 [&](void* tree, int node) { fdt_setprop_u32(tree, node, property, value); });
}

std::vector<uint8_t> WithText(std::vector<uint8_t> blob, const char* path, const char* property,
                              const std::string& value) {
  return Changed(std::move(blob), path, [&](void* tree, int node) {
    fdt_setprop_string(tree, node, property, value.c_str());
  });
}

std::vector<uint8_t> Without(std::vector<uint8_t> blob, const char* path, const char* property) {
  return Changed(std::move(blob), path, [&](void* tree, int node) {
    if (property == nullptr) {
      fdt_del_node(tree, node);
    } else {
      fdt_delprop(tree, node, property);
    }
  });
}

}  // namespace pointsman
