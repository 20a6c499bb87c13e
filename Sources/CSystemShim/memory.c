#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "CSystem.h"

static int facts = -1;

static void open_facts(void) { facts = open("/proc/self/statm", O_RDONLY | O_CLOEXEC); }

size_t csystem_resident_bytes(void) {
    // Kept open: this is asked for again and again while plugins are called.
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_facts);
    char text[128];
    ssize_t length = pread(facts, text, sizeof text - 1, 0);
    if (length <= 0) return 0;
    text[length] = 0;
    char *rest = NULL;
    strtoul(text, &rest, 10);
    return strtoul(rest, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

size_t csystem_allocated_bytes(void) {
    struct mallinfo2 facts = mallinfo2();
    return facts.uordblks + facts.hblkhd;
}

void csystem_trim(void) { malloc_trim(0); }
