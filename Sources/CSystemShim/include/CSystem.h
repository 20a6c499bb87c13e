#ifndef CSYSTEM_H
#define CSYSTEM_H

// What Swift can't do well on Linux: code that runs between clone and exec.

#include <stdint.h>
#include <sys/types.h>

typedef struct {
    const char *executable;   // absolute or relative path; no search in PATH
    char *const *arguments;   // NULL-terminated, the first is the program's name
    char *const *environment; // NULL-terminated; nothing is inherited
    const char *directory;    // working directory; NULL: the caller's
    int switch_user;          // non-zero: become user and group below, without supplementary groups
    uid_t user;
    gid_t group;
} csystem_spawn_request;

// The step of a spawn that failed.
enum {
    CSYSTEM_STEP_NONE = 0,
    CSYSTEM_STEP_PIPE = 1,
    CSYSTEM_STEP_CLONE = 2,
    CSYSTEM_STEP_USER = 3,
    CSYSTEM_STEP_DIRECTORY = 4,
    CSYSTEM_STEP_STREAMS = 5,
    CSYSTEM_STEP_EXEC = 6
};

typedef struct {
    pid_t pid;        // also the id of the process group
    int pidfd;        // readable when the process has ended; close-on-exec
    int output;       // read end of standard output; close-on-exec, non-blocking
    int error_output; // read end of standard error; close-on-exec, non-blocking
    int failed_step;  // CSYSTEM_STEP_…, when the result is not 0
} csystem_child;

// Starts a process in a group of its own: standard input is /dev/null, output and error are pipes, no other
// descriptor is open, every signal has its default disposition and none is blocked. The kernel kills it when the
// calling *thread* ends, so call this from a thread that lives as long as the program. 0, or an errno value.
int csystem_spawn(const csystem_spawn_request *request, csystem_child *child);

// Takes the exit status of an ended child. 1: taken, with the exit code or the signal (the other is -1).
// 0: still running. Negative: an errno value.
int csystem_reap(int pidfd, int *exit_code, int *signal_number);

// Waits for many descriptors to become readable, and for other threads that wake it.
typedef struct {
    int poll;
    int wake;
} csystem_watch;

// 0, or an errno value.
int csystem_watch_create(csystem_watch *watch);

// Reports the token, which is not 0, whenever the descriptor is readable or at its end. 0, or an errno value.
// Closing the descriptor takes it out.
int csystem_watch_add(csystem_watch watch, int descriptor, uint64_t token);

// Waits without end. The number of tokens written; token 0 means that somebody called csystem_watch_wake.
int csystem_watch_wait(csystem_watch watch, uint64_t *tokens, int capacity);
void csystem_watch_wake(csystem_watch watch);

// The memory of this process in bytes: what is resident, and what is allocated and not freed, mapped or not.
size_t csystem_resident_bytes(void);
size_t csystem_allocated_bytes(void);

// Gives memory that was freed back to the system.
void csystem_trim(void);

// Names the calling thread, for tools that list threads.
void csystem_name_thread(const char *name);

#endif
