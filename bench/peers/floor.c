/* The floor: a WebSocket broadcast server in C, one send per frame, rooms by path. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { SIZE = 1 << 16, FILES = 1 << 16 };
typedef struct { int room; size_t size; char *kept; } Client;
static Client clients[FILES];
static int *rooms[FILES], sizes[FILES];

static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* FIPS 180-4, for a text of up to 119 bytes, which a key with its suffix is. */
static void sha1(const char *text, unsigned char out[20]) {
    unsigned char block[128] = {0};
    size_t length = strlen(text), blocks = length > 55 ? 2 : 1;
    memcpy(block, text, length);
    block[length] = 0x80;
    for (int i = 0; i < 4; i++) block[blocks * 64 - 1 - i] = (length * 8) >> (8 * i);
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, w[80];
    for (size_t at = 0; at < blocks; at++) {
        for (int i = 0; i < 16; i++) memcpy(w + i, block + at * 64 + i * 4, 4), w[i] = ntohl(w[i]);
        for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d
                : (b & c) | (b & d) | (c & d);
            uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
            uint32_t t = rol(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rol(b, 30), b = a, a = t;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) out[i] = h[i / 4] >> (24 - i % 4 * 8);
}

static void base64(const unsigned char *in, char *out) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char padded[21] = {0};
    memcpy(padded, in, 20);
    for (int i = 0; i < 7; i++) {
        uint32_t v = padded[i * 3] << 16 | padded[i * 3 + 1] << 8 | padded[i * 3 + 2];
        for (int j = 0; j < 4; j++) out[i * 4 + j] = set[v >> (18 - 6 * j) & 63];
    }
    strcpy(out + 27, "=");
}

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) return;
        if (sent < 0) poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else data += sent, size -= sent;
    }
}

static size_t shake_hands(int fd, Client *c, char *data, size_t size) {
    char *end = memmem(data, size, "\r\n\r\n", 4), *key;
    if (!end || !(key = strcasestr(data, "Sec-WebSocket-Key: "))) return 0;
    char text[128], accept[32], answer[256];
    unsigned char digest[20];
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    sha1(text, digest);
    base64(digest, accept);
    send_all(fd, answer, sprintf(answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept));
    c->room = atoi(strchr(data, '/') + 1);
    rooms[c->room] = realloc(rooms[c->room], (sizes[c->room] + 1) * sizeof(int));
    rooms[c->room][sizes[c->room]++] = fd;
    return end + 4 - data;
}

static size_t pass_on(Client *c, unsigned char *data, size_t size) {
    size_t at = 0;
    while (size - at >= 6) {
        size_t in = 2, length = data[at + 1] & 127;
        if (length == 126) in = 4, length = data[at + 2] << 8 | data[at + 3];
        if (size - at < in + 4 + length) break;
        unsigned char *mask = data + at + in, *text = mask + 4;
        for (size_t i = 0; i < length; i++) text[i] ^= mask[i & 3];
        unsigned char *frame = text - in; /* the mask's place takes the head, unmasked */
        memmove(frame, data + at, in);
        frame[1] &= 127;
        for (int i = 0; (frame[0] & 15) == 1 && i < sizes[c->room]; i++)
            send_all(rooms[c->room][i], (char *)frame, in + length);
        at += in + 4 + length;
    }
    return at;
}

static void leave(int fd, Client *c) {
    for (int i = 0; c->room >= 0 && i < sizes[c->room]; i++)
        if (rooms[c->room][i] == fd) rooms[c->room][i] = rooms[c->room][--sizes[c->room]];
    close(fd);
}

static void serve(int fd) {
    static char buffer[2 * SIZE + 1];
    Client *c = clients + fd;
    memcpy(buffer, c->kept, c->size);
    ssize_t got = recv(fd, buffer + c->size, SIZE, MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) leave(fd, c);
        return;
    }
    size_t size = c->size + got;
    buffer[size] = 0;
    size_t at = c->room < 0 ? shake_hands(fd, c, buffer, size)
                            : pass_on(c, (unsigned char *)buffer, size);
    c->size = size - at;
    if (c->size) c->kept = realloc(c->kept, SIZE * 2);
    memcpy(c->kept ? c->kept : buffer, buffer + at, c->size);
}

int main(int count, char **arguments) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1, poll_fd = epoll_create1(0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[count - 1]))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, 1024)) return 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[256];
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        for (int i = epoll_wait(poll_fd, ready, 256, -1) - 1; i >= 0; i--) {
            int fd = ready[i].data.fd;
            if (fd != listener) {
                serve(fd);
            } else if ((fd = accept(listener, NULL, NULL)) >= 0) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                clients[fd] = (Client){.room = -1, .kept = NULL};
                event.data.fd = fd;
                epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
            }
        }
    }
}
