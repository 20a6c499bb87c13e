#include "internal.h"

grpc_arg cgrpc_integer(const char *key, int value) {
    // The core copies the arguments and only reads the key.
    grpc_arg argument = {.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key, .value.integer = value};
    return argument;
}

size_t cgrpc_common_arguments(grpc_arg *arguments) {
    size_t count = 0;
    // Unlimited: the caller has limits of its own, and the core's 4 MiB is the first wall a big frame hits.
    arguments[count++] = cgrpc_integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, -1);
    arguments[count++] = cgrpc_integer(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1);
    // Error texts travel in metadata; above the limit the whole error turns into RESOURCE_EXHAUSTED.
    arguments[count++] = cgrpc_integer(GRPC_ARG_MAX_METADATA_SIZE, 4 * 1024 * 1024);
    arguments[count++] = cgrpc_integer("grpc.absolute_max_metadata_size", 8 * 1024 * 1024);
    // A local socket has no bandwidth-delay product worth probing. Without the probe the window is fixed.
    arguments[count++] = cgrpc_integer(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments[count++] = cgrpc_integer(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024 * 1024);
    arguments[count++] = cgrpc_integer(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 1024 * 1024);
    arguments[count++] = cgrpc_integer(GRPC_ARG_ENABLE_CHANNELZ, 0);
    // Nobody compresses what goes over a local socket: neither the filter nor the headers that offer it. What comes
    // compressed all the same is still unpacked.
    arguments[count++] = cgrpc_integer(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
    return count;
}

cgrpc_channel *cgrpc_channel_create(cgrpc_runtime *runtime, const char *target) {
    cgrpc_channel *channel = calloc(1, sizeof *channel);
    if (channel == NULL) return NULL;
    grpc_arg arguments[CGRPC_COMMON_ARGUMENTS + 16];
    size_t count = cgrpc_common_arguments(arguments);
    // The socket's path, which the core would send, is refused by servers on hyper and Kestrel.
    static char authority_key[] = GRPC_ARG_DEFAULT_AUTHORITY;
    static char authority[] = "localhost";
    grpc_arg default_authority = {.type = GRPC_ARG_STRING, .key = authority_key, .value.string = authority};
    arguments[count++] = default_authority;
    static char target_key[] = GRPC_ARG_OPTIMIZATION_TARGET;
    static char latency[] = "latency";
    grpc_arg optimization = {.type = GRPC_ARG_STRING, .key = target_key, .value.string = latency};
    arguments[count++] = optimization;
    arguments[count++] = cgrpc_integer(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    // A query that is sent twice doubles the load on the data base.
    arguments[count++] = cgrpc_integer(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments[count++] = cgrpc_integer(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    // A new process at the same address must not inherit the connection state of the one before.
    arguments[count++] = cgrpc_integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments[count++] = cgrpc_integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    // Not a delay, whatever its name: the least time that an attempt to connect may take. A machine that is busy with
    // something else needs it; a socket that nobody listens on refuses at once.
    arguments[count++] = cgrpc_integer(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
    arguments[count++] = cgrpc_integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    grpc_channel_args list = {.num_args = count, .args = arguments};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    channel->runtime = runtime;
    channel->channel = grpc_channel_create(target, credentials, &list);
    grpc_channel_credentials_release(credentials);
    return channel;
}

void cgrpc_channel_destroy(cgrpc_channel *channel) {
    grpc_channel_destroy(channel->channel);
    free(channel);
}

void *cgrpc_channel_method(cgrpc_channel *channel, const char *path) {
    return grpc_channel_register_call(channel->channel, path, NULL, NULL);
}

void cgrpc_channel_reset_backoff(cgrpc_channel *channel) { grpc_channel_reset_connect_backoff(channel->channel); }
