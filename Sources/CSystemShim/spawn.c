#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSystem.h"

// The child runs a few shallow functions on it.
#define STACK_SIZE (128 * 1024)

// Shared between parent and child: with CLONE_VM the child writes straight into the parent's memory, and with
// CLONE_VFORK the parent sleeps until the child has run exec or ended. That makes a pipe for errno unnecessary.
typedef struct {
    const csystem_spawn_request *request;
    pid_t parent;
    int output;
    int error_output;
    volatile int error;
    volatile int step;
} spawn_state;

static int fail(spawn_state *state, int step) {
    state->error = errno;
    state->step = step;
    _exit(127);
}

// The system call itself: libc's function refuses the two numbers it keeps for itself, and a host may have been
// started with them ignored. All zero is the default disposition, whatever the layout of the rest.
static void reset_signals(void) {
    unsigned long standard[8] = {0};
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, standard, NULL, 8);
}

// Moves a descriptor out of the way of 0, 1 and 2, so that no dup2 closes one that is still needed.
static int above_streams(int descriptor) { return descriptor > 2 ? descriptor : fcntl(descriptor, F_DUPFD, 3); }

static int run_child(void *argument) {
    spawn_state *state = argument;
    const csystem_spawn_request *request = state->request;
    reset_signals();
    if (setpgid(0, 0) != 0) return fail(state, CSYSTEM_STEP_STREAMS);
    if (request->switch_user) {
        // The system calls themselves: libc's functions would try to change every thread of the parent.
        if (syscall(SYS_setgroups, 0, NULL) != 0 ||
            syscall(SYS_setresgid, request->group, request->group, request->group) != 0 ||
            syscall(SYS_setresuid, request->user, request->user, request->user) != 0) {
            return fail(state, CSYSTEM_STEP_USER);
        }
    }
    // After the change of user, which would clear it. If the parent ended just before, nobody will send the signal.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != state->parent) _exit(127);
    if (request->directory != NULL && chdir(request->directory) != 0) return fail(state, CSYSTEM_STEP_DIRECTORY);
    int input = above_streams(open("/dev/null", O_RDONLY));
    int output = above_streams(state->output);
    int error_output = above_streams(state->error_output);
    if (input < 0 || output < 0 || error_output < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
        dup2(error_output, 2) < 0 || syscall(SYS_close_range, 3, ~0U, 0) != 0) {
        return fail(state, CSYSTEM_STEP_STREAMS);
    }
    sigset_t none;
    sigemptyset(&none);
    // Last: until here no signal may run anything in the memory shared with the parent.
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->executable, request->arguments, request->environment);
    return fail(state, CSYSTEM_STEP_EXEC);
}

static void close_pair(const int pair[2]) {
    if (pair[0] >= 0) close(pair[0]);
    if (pair[1] >= 0) close(pair[1]);
}

// The write end stays blocking: a plugin doesn't expect its standard output to answer EAGAIN.
static int make_pipe(int pair[2]) {
    if (pipe2(pair, O_CLOEXEC) != 0) return errno;
    if (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) return errno;
    return 0;
}

static int clone_child(spawn_state *state, csystem_child *child) {
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return errno;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int pidfd = -1;
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    pid_t pid = clone(run_child, (char *)stack + STACK_SIZE, flags, state, &pidfd);
    int error = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_SIZE);
    if (error != 0) return error;
    child->pid = pid;
    child->pidfd = pidfd;
    return 0;
}

int csystem_spawn(const csystem_spawn_request *request, csystem_child *child) {
    int output[2] = {-1, -1};
    int error_output[2] = {-1, -1};
    memset(child, 0, sizeof *child);
    child->failed_step = CSYSTEM_STEP_PIPE;
    int error = make_pipe(output);
    if (error == 0) error = make_pipe(error_output);
    spawn_state state = {
        .request = request, .parent = getpid(), .output = output[1], .error_output = error_output[1]};
    if (error == 0) {
        child->failed_step = CSYSTEM_STEP_CLONE;
        error = clone_child(&state, child);
    }
    if (error == 0 && state.error != 0) {
        error = state.error;
        child->failed_step = state.step;
        siginfo_t information;
        waitid(P_PIDFD, (id_t)child->pidfd, &information, WEXITED);
        close(child->pidfd);
    }
    if (error != 0) {
        close_pair(output);
        close_pair(error_output);
        return error;
    }
    close(output[1]);
    close(error_output[1]);
    child->output = output[0];
    child->error_output = error_output[0];
    child->failed_step = CSYSTEM_STEP_NONE;
    return 0;
}

int csystem_reap(int pidfd, int *exit_code, int *signal_number) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    *exit_code = -1;
    *signal_number = -1;
    if (waitid(P_PIDFD, (id_t)pidfd, &information, WEXITED | WNOHANG) != 0) return -errno;
    if (information.si_pid == 0) return 0;
    if (information.si_code == CLD_EXITED) {
        *exit_code = information.si_status;
    } else {
        *signal_number = information.si_status;
    }
    return 1;
}
