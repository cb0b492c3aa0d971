// The program allocates with jemalloc on huge pages: a large cluster is millions of small objects
// that come at once, and where page faults are dear, as in virtual machines, they are most of the
// work. Blocks of many megabytes are kept for a while like others, instead of given back at once.
extern "C" const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:always,oversize_threshold:0";
