/* The load: many WebSocket connections from one epoll loop, raw frames, every delivery counted.
 *
 *   loader PORT PLAN key=value ...
 *
 * Each line of PLAN is a connection: `group path token conversation`, with `-` for none.
 * With a conversation it speaks the chat's own frames, else it sends text that the server is to
 * pass on to everyone of the same path. A message carries a mark, `##` + its sender + its number;
 * it is complete once every connection of its group has had it. A sender has one message under
 * way and sends the next when that one is complete (or, with ack=1, acknowledged).
 *
 * keys: senders=1,16  how many send, one stage after the other, spread evenly over the plan;
 *       seconds=3 warm=1  the measured part of a stage and the part before it;
 *       count=0       messages per sender, then the stage ends once all are complete;
 *       size=0        bytes of a message's text; ack=0; hold=0 (only connect; seconds of rest)
 *       settle=60     seconds, at most, until nothing arrives before the first stage
 *       opening=64    connections that are being opened at a time
 *       hello=0       a connection is open at its first frame, not at its handshake
 *       nonce=x       keeps client ids of different runs apart
 *       tell=0        say `begin` once nothing arrives any more, before the first stage
 *       pids=1,2      whose CPU time is read, and the memory of the first; 0 is the whole machine
 * Prints one JSON object per stage. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { READ = 1 << 18, WORST = 4000000, PIDS = 16 };

typedef struct {
    int fd, group, open, sending;
    char *path, *token, *conversation;
    unsigned number, first, missing;
    double sent_at;
    char *kept;
    size_t kept_size;
} Connection;

typedef struct {
    unsigned long sent, deliveries, acks, doubled, stray, bytes;
    unsigned *delivery_times, *ack_times;
} Tally;

static Connection *connections;
static int total, opened, failed, closed, errors, poll_fd, port, *group_sizes;
static unsigned long received_ever;
static double gathered;
static Tally tally;
static int opening, use_ack, use_hello, size, pids[PIDS], files[PIDS], pid_count;
static unsigned limit;
static const char *nonce = "x";
static char *buffer;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void count_time(unsigned *times, double since) {
    double us = (now() - since) * 1e6;
    times[us < WORST - 1 ? (int)us : WORST - 1]++;
}

static long percentile(const unsigned *times, unsigned long of, double share) {
    unsigned long rank = (unsigned long)(of * share), seen = 0;
    for (long us = 0; us < WORST; us++)
        if ((seen += times[us]) > rank) return us;
    return 0;
}

static void write_frame(Connection *c, int opcode, const char *text, size_t length) {
    unsigned char frame[8192];
    size_t head = 2;
    frame[0] = 0x80 | opcode;
    if (length < 126) {
        frame[1] = 0x80 | length;
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = length >> 8;
        frame[3] = length;
        head = 4;
    }
    /* A mask other than zero, so that servers have to unmask as they do for browsers. */
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    memcpy(frame + head, mask, 4);
    for (size_t i = 0; i < length; i++) frame[head + 4 + i] = text[i] ^ mask[i & 3];
    size_t size_all = head + 4 + length;
    if (send(c->fd, frame, size_all, MSG_NOSIGNAL) != (ssize_t)size_all) die("send");
}

static void send_message(Connection *c) {
    char text[4096], padding[2048];
    if (limit && c->number - c->first >= limit) {
        c->sending = 0;
        return;
    }
    c->number++;
    c->missing = group_sizes[c->group];
    int id = c - connections, length;
    memset(padding, 'x', sizeof padding);
    int pad = size > 16 ? size - 16 : 0;
    if (c->conversation[0] == '-')
        length = snprintf(text, sizeof text, "##%06x%08x%.*s", id, c->number, pad, padding);
    else
        length = snprintf(text, sizeof text,
            "{\"type\":\"send_message\",\"ref\":\"r%u\",\"group_id\":\"%s\",\"content\":"
            "\"##%06x%08x%.*s\",\"content_lang\":\"en\",\"client_id\":\"%s-%x-%x\"}",
            c->number, c->conversation, id, c->number, pad, padding, nonce, id, c->number);
    c->sent_at = now();
    tally.sent++;
    write_frame(c, 1, text, length);
}

static unsigned parse_hex(const char *text, int digits) {
    unsigned value = 0;
    for (int i = 0; i < digits; i++) {
        int d = text[i];
        value = value * 16 + (d <= '9' ? d - '0' : d - 'a' + 10);
    }
    return value;
}

static void take_delivery(Connection *reader, const char *mark) {
    unsigned id = parse_hex(mark + 2, 6), number = parse_hex(mark + 8, 8);
    if (id >= (unsigned)total || connections[id].group != reader->group) {
        tally.stray++;
        return;
    }
    Connection *sender = connections + id;
    if (number != sender->number || sender->missing == 0) {
        /* With acks the next one may be under way already; all others come once too often. */
        if (!use_ack) tally.doubled++;
        else tally.deliveries++;
        return;
    }
    tally.deliveries++;
    count_time(tally.delivery_times, sender->sent_at);
    if (--sender->missing == 0 && !use_ack && sender->sending) send_message(sender);
}

static void take_frame(Connection *c, int opcode, const char *text, size_t length) {
    if (opcode == 9) {
        write_frame(c, 10, text, length);
        return;
    }
    if (opcode == 8) {
        fprintf(stderr, "closed by the server: %.*s\n", (int)length - 2, text + 2);
        return;
    }
    if (opcode != 1) return;
    if (!c->open) {
        c->open = 1;
        opened++;
    }
    tally.bytes += length;
    size_t start = length < 24 ? length : 24;
    if (memmem(text, start, "\"type\":\"ack\"", 12)) {
        tally.acks++;
        count_time(tally.ack_times, c->sent_at);
        if (use_ack && c->sending) send_message(c);
    } else if (memmem(text, start, "\"type\":\"error\"", 14)) {
        if (!errors++) fprintf(stderr, "%.*s\n", (int)length, text);
    } else if (text[0] == '#') {
        take_delivery(c, text);
    } else {
        const char *mark = memmem(text, length, "\"##", 3);
        if (mark) take_delivery(c, mark + 1);
    }
}

/* Take all whole frames; return how many bytes they were. */
static size_t take_frames(Connection *c, const char *data, size_t size_all) {
    size_t at = 0;
    while (size_all - at >= 2) {
        size_t head = 2, length = data[at + 1] & 0x7f;
        if (length == 126) {
            head = 4;
            if (size_all - at < 4) break;
            length = (unsigned char)data[at + 2] << 8 | (unsigned char)data[at + 3];
        } else if (length == 127) {
            head = 10;
            if (size_all - at < 10) break;
            length = 0;
            for (int i = 2; i < 10; i++) length = length << 8 | (unsigned char)data[at + i];
        }
        if (size_all - at < head + length) break;
        take_frame(c, data[at] & 15, data + at + head, length);
        at += head + length;
    }
    return at;
}

/* Take the answer to the handshake; return its size, 0 while there is more to come. */
static size_t take_handshake(Connection *c, const char *data, size_t size_all) {
    const char *end = memmem(data, size_all, "\r\n\r\n", 4);
    if (!end) return 0;
    if (size_all < 12 || memcmp(data + 9, "101", 3)) {
        fprintf(stderr, "refused: %.*s\n", (int)(size_all > 600 ? 600 : size_all), data);
        exit(1);
    }
    c->open = use_hello ? 0 : 1;
    c->sending = 0;
    opened += c->open;
    return end + 4 - data;
}

static void end_connection(Connection *c) {
    close(c->fd);
    c->fd = -1;
    if (c->open > 0) closed++;
    else failed++;
}

static void take_data(Connection *c) {
    size_t had = c->kept_size;
    memcpy(buffer, c->kept, had);
    ssize_t got = read(c->fd, buffer + had, READ - had);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) end_connection(c);
        return;
    }
    received_ever += got;
    size_t all = had + got, at = 0;
    if (c->open < 0) at = take_handshake(c, buffer, all);
    if (c->open >= 0) at += take_frames(c, buffer + at, all - at);
    if (all - at > had || had) c->kept = realloc(c->kept, all - at + 1);
    memcpy(c->kept, buffer + at, all - at);
    c->kept_size = all - at;
}

static void begin_connection(Connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (void *)&to, sizeof to)) die("connect");
    int yes = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    char request[2048], authorization[1200] = "";
    if (c->token[0] != '-')
        snprintf(authorization, sizeof authorization, "Authorization: Bearer %s\r\n", c->token);
    int length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        c->path, port, authorization);
    if (send(c->fd, request, length, MSG_NOSIGNAL) != length) die("send");
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static int turn(int milliseconds) {
    static struct epoll_event events[512];
    int ready = epoll_wait(poll_fd, events, 512, milliseconds);
    for (int i = 0; i < ready; i++) take_data(events[i].data.ptr);
    return ready;
}

static double connect_all(void) {
    double start = now();
    for (int begun = 0; opened + failed < total;) {
        while (begun < total && begun - opened - failed < opening)
            begin_connection(connections + begun++);
        turn(1000);
        if (now() - start > 120) break;
    }
    return now() - start;
}

static void settle(double seconds) {
    double end = now() + seconds, quiet = now() + 0.5;
    unsigned long before = received_ever;
    while (now() < end && now() < quiet) {
        turn(50);
        if (received_ever != before) quiet = now() + 0.5;
        before = received_ever;
    }
}

/* What the machine did, for whomever, in microseconds: all of proc(5)'s times but the idle two. */
static double cpu_of_machine(void) {
    unsigned long times[8] = {0};
    FILE *file = fopen("/proc/stat", "r");
    if (!file) return 0;
    int got = fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", times, times + 1, times + 2,
        times + 3, times + 4, times + 5, times + 6, times + 7);
    fclose(file);
    double busy = 0;
    for (int i = 0; i < got; i++) busy += i == 3 || i == 4 ? 0 : times[i];
    return busy * 1e6 / sysconf(_SC_CLK_TCK);
}

/* User and system time of a process, all threads, in microseconds: proc(5), fields 14 and 15. */
static double cpu_of(int pid) {
    if (!pid) return cpu_of_machine();
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t got = fread(text, 1, sizeof text - 1, file);
    text[got] = 0;
    fclose(file);
    unsigned long user = 0, sys = 0;
    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
        &user, &sys);
    return (user + sys) * 1e6 / sysconf(_SC_CLK_TCK);
}

/* How many files a process has open, connections among them. */
static int files_of(int pid) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    while (folder && readdir(folder)) count++;
    if (folder) closedir(folder);
    return count;
}

static long memory_of(int pid) {
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "VmRSS: %ld", &kb);
    if (file) fclose(file);
    return kb;
}

static double cpu_of_self(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
        (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static int under_way(void) {
    int any = 0;
    for (int i = 0; i < total; i++) any |= connections[i].missing || connections[i].sending;
    return any;
}

static void clear_tally(void) {
    unsigned *delivery_times = tally.delivery_times, *ack_times = tally.ack_times;
    memset(delivery_times, 0, WORST * sizeof *delivery_times);
    memset(ack_times, 0, WORST * sizeof *ack_times);
    tally = (Tally){.delivery_times = delivery_times, .ack_times = ack_times};
}

static void run_until(double end) {
    while (now() < end && !(limit && !under_way())) turn(20);
}

/* What each process took, and the files that it has open since the beginning; ends the object. */
static void print_parts(const double *cpu) {
    printf(",\"cpu_us\":[");
    for (int i = 0; i < pid_count; i++) printf("%s%.0f", i ? "," : "", cpu[i]);
    printf("],\"opened\":[");
    for (int i = 0; i < pid_count; i++)
        printf("%s%d", i ? "," : "", pids[i] ? files_of(pids[i]) - files[i] : 0);
    printf("]}\n");
    fflush(stdout);
}

static void run_stage(int senders, double warm, double seconds) {
    clear_tally();
    double cpu[PIDS], start = now();
    for (int i = 0; i < senders; i++) {
        Connection *c = connections + (long)i * total / senders;
        c->sending = 1;
        send_message(c);
    }
    if (!limit) {
        run_until(start + warm);
        clear_tally();
        start = now();
    }
    double own = cpu_of_self();
    for (int i = 0; i < pid_count; i++) cpu[i] = cpu_of(pids[i]);
    run_until(start + seconds);
    for (int i = 0; i < pid_count; i++) cpu[i] = cpu_of(pids[i]) - cpu[i];
    double took = now() - start;
    own = cpu_of_self() - own;
    printf("{\"senders\":%d,\"seconds\":%.6f,\"sent\":%lu,\"deliveries\":%lu,\"acks\":%lu,"
        "\"doubled\":%lu,\"stray\":%lu,\"errors\":%d,\"closed\":%d,\"frame_bytes\":%.1f,"
        "\"p50_us\":%ld,\"p99_us\":%ld,\"ack_p50_us\":%ld,\"ack_p99_us\":%ld,"
        "\"gather_seconds\":%.2f,\"loader_share\":%.3f,\"memory_kb\":%ld",
        senders, took, tally.sent, tally.deliveries, tally.acks, tally.doubled, tally.stray,
        errors, closed, tally.deliveries ? (double)tally.bytes / tally.deliveries : 0,
        percentile(tally.delivery_times, tally.deliveries, 0.5),
        percentile(tally.delivery_times, tally.deliveries, 0.99),
        percentile(tally.ack_times, tally.acks, 0.5),
        percentile(tally.ack_times, tally.acks, 0.99), gathered, own / took,
        pid_count ? memory_of(pids[0]) : 0);
    print_parts(cpu);
    for (int i = 0; i < total; i++) connections[i].sending = 0;
    settle(3);
    for (int i = 0; i < total; i++) {
        connections[i].missing = 0;
        connections[i].first = connections[i].number;
    }
}

static void read_plan(const char *path) {
    char line[4096], where[256], token[1024], conversation[64];
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    int group;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%d %255s %1023s %63s", &group, where, token, conversation) != 4) continue;
        connections = realloc(connections, (total + 1) * sizeof *connections);
        connections[total++] = (Connection){.fd = -1, .group = group, .open = -1,
            .path = strdup(where), .token = strdup(token), .conversation = strdup(conversation),
            .kept = malloc(1)};
    }
    fclose(file);
    group_sizes = calloc(total, sizeof *group_sizes);
    for (int i = 0; i < total; i++) group_sizes[connections[i].group]++;
}

static const char *option(int count, char **arguments, const char *name, const char *otherwise) {
    size_t length = strlen(name);
    for (int i = 3; i < count; i++)
        if (!strncmp(arguments[i], name, length) && arguments[i][length] == '=')
            return arguments[i] + length + 1;
    return otherwise;
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    port = atoi(arguments[1]);
    read_plan(arguments[2]);
    buffer = malloc(READ);
    poll_fd = epoll_create1(0);
    tally.delivery_times = calloc(WORST, sizeof *tally.delivery_times);
    tally.ack_times = calloc(WORST, sizeof *tally.ack_times);
    use_ack = atoi(option(count, arguments, "ack", "0"));
    use_hello = atoi(option(count, arguments, "hello", "0"));
    opening = atoi(option(count, arguments, "opening", "64"));
    size = atoi(option(count, arguments, "size", "0"));
    limit = atoi(option(count, arguments, "count", "0"));
    nonce = option(count, arguments, "nonce", "x");
    char *list = strdup(option(count, arguments, "pids", ""));
    for (char *each = strtok(list, ","); each && pid_count < PIDS; each = strtok(NULL, ","))
        pids[pid_count++] = atoi(each);
    for (int i = 0; i < pid_count; i++) files[i] = files_of(pids[i]);
    double hold = atof(option(count, arguments, "hold", "0"));
    long memory = pid_count ? memory_of(pids[0]) : 0;
    double cpu[PIDS], own = cpu_of_self();
    for (int i = 0; i < pid_count; i++) cpu[i] = cpu_of(pids[i]);
    double begun = now(), took = connect_all();
    if (failed || opened < total) {
        fprintf(stderr, "%d of %d connections opened, %d failed\n", opened, total, failed);
        return 1;
    }
    settle(atof(option(count, arguments, "settle", "60")));
    gathered = now() - begun;
    if (hold > 0) {
        run_until(now() + hold);
        printf("{\"connections\":%d,\"seconds\":%.3f,\"closed\":%d,\"memory_kb\":%ld,"
            "\"memory_before_kb\":%ld,\"loader_share\":%.3f", opened, took, closed,
            memory_of(pids[0]), memory, (cpu_of_self() - own) / took);
        for (int i = 0; i < pid_count; i++) cpu[i] = cpu_of(pids[i]) - cpu[i];
        print_parts(cpu);
        return 0;
    }
    if (atoi(option(count, arguments, "tell", "0"))) {
        puts("begin");
        fflush(stdout);
    }
    char *stages = strdup(option(count, arguments, "senders", "1"));
    for (char *each = strtok(stages, ","); each; each = strtok(NULL, ","))
        run_stage(atoi(each), atof(option(count, arguments, "warm", "1")),
            atof(option(count, arguments, "seconds", "3")));
    return 0;
}
