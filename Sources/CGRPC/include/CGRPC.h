#ifndef CGRPC_H
#define CGRPC_H

// A small shim over the gRPC C core: opaque handles, one completion thread, and events by callback.
// The core's own headers stay out of it, so that importing this module is cheap.

#include <stddef.h>
#include <stdint.h>

#include "../generated/goplugin.pb-c.h"
#include "../generated/health.pb-c.h"
#include "../generated/pluginv2.pb-c.h"
#include "../generated/rpcstatus.pb-c.h"

// MARK: Runtime

// The core, one completion queue and the one thread that drains it.
typedef struct cgrpc_runtime cgrpc_runtime;

// A finished operation; `cgrpc_batch_run` takes the head of a list of them.
typedef struct cgrpc_op cgrpc_op;

// Called on the completion thread, once per sink and drained batch. The sink runs the batch where it belongs.
typedef void (*cgrpc_deliver)(void *sink, cgrpc_op *batch);

// Initialises the core and starts the thread. NULL when the thread can't be started.
cgrpc_runtime *cgrpc_runtime_start(cgrpc_deliver deliver);

// Drains and frees. Every channel, call and server must be gone. May be called on the completion thread itself.
void cgrpc_runtime_stop(cgrpc_runtime *runtime);

// Runs the callbacks of a delivered batch; exactly once, on one thread at a time per sink.
void cgrpc_batch_run(cgrpc_op *batch);

// How often the thread has looked for finished operations without waiting; for tests.
int64_t cgrpc_runtime_looks(cgrpc_runtime *runtime);

// The version of the core, for logs.
const char *cgrpc_core_version(void);

// Now on the clock that deadlines use, in nanoseconds.
int64_t cgrpc_now(void);

// MARK: Messages

// The bytes of one message, possibly in several slices.
typedef struct cgrpc_message cgrpc_message;

// One slice of `size` bytes to be written through `bytes` before the message is handed over.
cgrpc_message *cgrpc_message_create(size_t size, uint8_t **bytes);
void cgrpc_message_destroy(cgrpc_message *message);
size_t cgrpc_message_length(const cgrpc_message *message);
size_t cgrpc_message_slice_count(const cgrpc_message *message);
const uint8_t *cgrpc_message_slice(const cgrpc_message *message, size_t index, size_t *length);

// All bytes in one piece. A message of several slices is joined once; each slice is released as it is copied.
const uint8_t *cgrpc_message_contiguous(cgrpc_message *message, size_t *length);

// MARK: Client

typedef struct cgrpc_channel cgrpc_channel;
typedef struct cgrpc_call cgrpc_call;

// A plaintext channel to `unix:/path` or `ipv4:127.0.0.1:port`; connects on the first call.
cgrpc_channel *cgrpc_channel_create(cgrpc_runtime *runtime, const char *target);
void cgrpc_channel_destroy(cgrpc_channel *channel);

// A handle for the full path of a method, valid as long as the channel. The same path gives the same handle.
void *cgrpc_channel_method(cgrpc_channel *channel, const char *path);

// Forgets the reconnect back-off, for a server that is known to be up again.
void cgrpc_channel_reset_backoff(cgrpc_channel *channel);

typedef struct {
    const void *key;
    size_t key_length;
    const void *value;
    size_t value_length;
} cgrpc_metadata;

enum {
    CGRPC_MESSAGE = 1,  // one message of a stream; the receiver owns it
    CGRPC_FINISHED = 2  // the last event; for a unary call with its message, which the receiver owns
};

// Runs on the sink's thread.
typedef void (*cgrpc_call_event)(void *context, cgrpc_call *call, int event, cgrpc_message *message);

// The calls of one thread that have begun and are not finished; the one that began or asked for a message last is first.
typedef struct cgrpc_call_list cgrpc_call_list;

typedef struct {
    void *method;
    const cgrpc_metadata *metadata;
    size_t metadata_count;
    cgrpc_message *request;  // consumed
    int64_t deadline;        // nanoseconds on cgrpc_now's clock; INT64_MAX: none
    int streaming;           // many messages in answer, one for each cgrpc_call_read
    int wait_for_ready;      // wait for a connection instead of failing with UNAVAILABLE
    void *sink;              // NULL: run on the completion thread
    cgrpc_call_list *list;   // of the sink's thread, which then begins the call; NULL: none
    cgrpc_call_event event;
    void *context;
} cgrpc_call_options;

cgrpc_call *cgrpc_call_create(cgrpc_channel *channel, const cgrpc_call_options *options);

// Starts the call. 0: the events will come, CGRPC_FINISHED exactly once as the last. Else the core refused it
// (metadata that HTTP/2 can't carry) and no event comes.
int cgrpc_call_begin(cgrpc_call *call);

// Asks for the next message of a stream, on the thread of the call's list if it has one. Does nothing while one is
// outstanding or after the end.
void cgrpc_call_read(cgrpc_call *call);

// Ends the call early, from any thread; CGRPC_FINISHED still comes.
void cgrpc_call_cancel(cgrpc_call *call);
void cgrpc_call_release(cgrpc_call *call);

cgrpc_call_list *cgrpc_call_list_create(void);
void cgrpc_call_list_destroy(cgrpc_call_list *list);
int cgrpc_call_list_is_empty(const cgrpc_call_list *list);

enum {
    CGRPC_FIRST_MESSAGE = 1,  // its message is on its way: the header came before an earlier count, the message hasn't
    CGRPC_LATER_MESSAGE = 2   // a message of a stream was asked for after the first, on its way or not
};

// How many calls wait for such a message and weren't cancelled, and the context of one of them or NULL.
// grace: nanoseconds since that earlier count from which on a first message counts.
size_t cgrpc_call_list_count(cgrpc_call_list *list, int which, int64_t grace);
void *cgrpc_call_list_receiving(const cgrpc_call_list *list, int which, size_t index);

// Valid from CGRPC_FINISHED until release.
int cgrpc_call_status(const cgrpc_call *call);
const uint8_t *cgrpc_call_status_message(const cgrpc_call *call, size_t *length);
const uint8_t *cgrpc_call_trailer(const cgrpc_call *call, const char *key, size_t *length);

// MARK: Server

typedef struct cgrpc_server cgrpc_server;
typedef struct cgrpc_server_call cgrpc_server_call;

enum {
    CGRPC_CALL_WRITTEN = 1,    // the last write is done, the next may start
    CGRPC_CALL_WRITE_FAILED = 2,
    CGRPC_CALL_CANCELLED = 3,  // nobody waits for the answer any more
    CGRPC_CALL_FINISHED = 4    // the last event
};

typedef struct {
    // A request for the method of that index; the receiver owns call and message (NULL when none was sent).
    void (*request)(void *context, size_t method, cgrpc_server_call *call, cgrpc_message *message);
    // The server has stopped: the last event.
    void (*stopped)(void *context);
    void *context;
} cgrpc_server_events;

typedef void (*cgrpc_server_call_event)(void *context, int event);

cgrpc_server *cgrpc_server_create(cgrpc_runtime *runtime, cgrpc_server_events events);

// Before start. The handle's index is the order of registration. 0 when the path is taken.
int cgrpc_server_add_method(cgrpc_server *server, const char *path);

// Before start. `unix:/path` or `127.0.0.1:port` (port 0: any). The port, 1 for unix, 0 on failure.
int cgrpc_server_listen(cgrpc_server *server, const char *address);
void cgrpc_server_start(cgrpc_server *server);

// Stops accepting and lets running calls end. `stopped` comes once. With `cancel`, running calls are cancelled.
void cgrpc_server_stop(cgrpc_server *server, int cancel);

// The owner lets go. A server that was never started is shut down first.
void cgrpc_server_release(cgrpc_server *server);

// Who hears of the call's events, on the completion thread. Exactly once, before anything is sent.
void cgrpc_server_call_attach(cgrpc_server_call *call, cgrpc_server_call_event event, void *context);

// One message of a streaming answer (consumed); CGRPC_CALL_WRITTEN follows. Non-zero: refused, no event.
int cgrpc_server_call_write(cgrpc_server_call *call, cgrpc_message *message);

// The status, before it an optional message (consumed), with an optional grpc-status-details-bin. Exactly once.
int cgrpc_server_call_finish(
    cgrpc_server_call *call, cgrpc_message *message, int status, const void *text, size_t text_length,
    const void *details, size_t details_length);
void cgrpc_server_call_release(cgrpc_server_call *call);

// The first value of a request header (lower-case key); NULL when there is none.
const uint8_t *cgrpc_server_call_header(const cgrpc_server_call *call, const char *key, size_t *length);

#endif
