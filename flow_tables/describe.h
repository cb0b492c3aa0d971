// How the objects of a Forwarding read in messages.
#ifndef POINTSMAN_FLOW_TABLES_DESCRIBE_H_
#define POINTSMAN_FLOW_TABLES_DESCRIBE_H_

#include <string>

#include "flow_tables/forwarding.h"

namespace pointsman {

std::string Describe(const Frontend& frontend);  // frontend shop/cart:http (10.96.0.1:80 TCP)
std::string Describe(const Source& source);      // source 10.244.0.0/24

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_DESCRIBE_H_
