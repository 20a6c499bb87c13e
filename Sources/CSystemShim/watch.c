#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "CSystem.h"

#define BATCH 64

int csystem_watch_create(csystem_watch *watch) {
    watch->poll = epoll_create1(EPOLL_CLOEXEC);
    if (watch->poll < 0) return errno;
    watch->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watch->wake < 0) return errno;
    return csystem_watch_add(*watch, watch->wake, 0);
}

int csystem_watch_add(csystem_watch watch, int descriptor, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    return epoll_ctl(watch.poll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int csystem_watch_wait(csystem_watch watch, uint64_t *tokens, int capacity) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(watch.poll, events, capacity < BATCH ? capacity : BATCH, -1);
    for (int i = 0; i < count; i++) {
        tokens[i] = events[i].data.u64;
        if (tokens[i] != 0) continue;
        uint64_t wakes;
        // Only resets the counter; there is nothing to do when another wake-up was quicker.
        if (read(watch.wake, &wakes, sizeof wakes) < 0) continue;
    }
    return count < 0 ? 0 : count;
}

void csystem_watch_wake(csystem_watch watch) {
    uint64_t one = 1;
    // Fails only when the counter is full, and then the thread wakes up anyway.
    if (write(watch.wake, &one, sizeof one) < 0) return;
}

void csystem_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
