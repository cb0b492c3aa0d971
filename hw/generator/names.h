// The three spellings of a hyphenated name: snake_case, SNAKE_CASE and CamelCase.
#ifndef POINTSMAN_HW_GENERATOR_NAMES_H_
#define POINTSMAN_HW_GENERATOR_NAMES_H_

#include <cctype>
#include <string>

namespace pointsman::hw {

inline std::string Snake(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

inline std::string Upper(const std::string& name) {
  std::string result = Snake(name);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

inline std::string Camel(const std::string& name) {
  std::string result;
  bool start = true;
  for (char c : name) {
    if (c == '-') {
      start = true;
      continue;
    }
    result += start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    start = false;
  }
  return result;
}

}  // namespace pointsman::hw

#endif  // POINTSMAN_HW_GENERATOR_NAMES_H_
