// The benchmark's yardstick for links: what a C program does over the same libfabric provider with the same protocol as a link of ours.
// One connected endpoint, receive buffers posted ahead, cumulative credits, one completion queue that is polled without sleeping.
// Usage: link-twin listen|connect PROVIDER ADDRESS PORT pingpong|send|bundle SIZE SECONDS
// The receiving end (of pingpong: the connecting one) prints "packets N seconds S".
#define _GNU_SOURCE
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { HEADER = 32, FRAME = 64 << 10, FRAMES = 64, PACKETS = 1024, DATA = 1, CREDIT = 2, END = 3 };
#define WARM_UP 0.5 // seconds that do not count
struct header { uint8_t version, type; uint16_t queue, count, unused; uint32_t length, consumed; uint64_t sequence, more; };

static struct fid_cq *cq;
static struct fid_ep *ep;
static char *sends, *receives, *packets, *copies;
static void *send_desc, *receive_desc;
static struct fi_context2 contexts[2 * FRAMES];
static int idle[FRAMES], idle_count; // send buffers that the fabric is done with
static uint32_t posted, peer_consumed, consumed; // cumulative: what we sent, what the peer has taken of it, what we took
static int ended, window = FRAMES, reserve = 2; // as ours: 16 frames of 64 KiB, or 64 messages
static uint64_t received;

static void check(long result, const char *what)
{
    if (result >= 0) return;
    fprintf(stderr, "link-twin: %s: %s\n", what, fi_strerror((int)-result));
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void post_receive(int slot)
{
    struct iovec piece = { receives + (size_t)slot * FRAME, FRAME };
    struct fi_msg message = { &piece, &receive_desc, 1, 0, &contexts[FRAMES + slot], 0 };
    check(fi_recvmsg(ep, &message, FI_COMPLETION), "fi_recvmsg");
}

// Takes what a data frame carries: each packet is copied once, as into a guest's buffer.
static void take(struct header *frame, int bundled)
{
    char *from = (char *)(frame + 1);
    if (!bundled) {
        received++;
        return;
    }
    for (int i = 0; i < frame->count; i++) {
        uint32_t length;
        memcpy(&length, from, sizeof length);
        memcpy(copies + (received % PACKETS) * 16384, from + 8, length);
        from += 8 + ((length + 7) & ~7u);
        received++;
    }
}

static int try_send(int type, uint32_t length, uint16_t count)
{
    int slot = idle[idle_count - 1];
    struct header *frame = (struct header *)(sends + (size_t)slot * FRAME);
    *frame = (struct header){ .version = 1, .type = (uint8_t)type, .count = count, .length = length, .consumed = consumed, .sequence = posted };
    struct iovec piece = { frame, length };
    struct fi_msg message = { &piece, &send_desc, 1, 0, &contexts[slot], 0 };
    long result = fi_sendmsg(ep, &message, FI_COMPLETION);
    if (result == -FI_EAGAIN) return 0;
    check(result, "fi_sendmsg");
    idle_count--;
    posted++;
    return 1;
}

static void poll_queue(int bundled)
{
    struct fi_cq_data_entry done[32];
    long count = fi_cq_read(cq, done, 32);
    if (count == -FI_EAGAIN) return;
    if (count < 0) {
        ended = 1; // the other end has gone: after its last message, that is how a run ends
        return;
    }
    for (long i = 0; i < count; i++) {
        int slot = (int)((struct fi_context2 *)done[i].op_context - contexts);
        if (slot < FRAMES) {
            idle[idle_count++] = slot;
            continue;
        }
        struct header *frame = (struct header *)(receives + (size_t)(slot - FRAMES) * FRAME);
        peer_consumed = frame->consumed;
        if (frame->type == DATA) take(frame, bundled);
        if (frame->type == END) ended = 1;
        consumed++;
        post_receive(slot - FRAMES);
    }
}

static int may_send(int kept) { return idle_count > 0 && posted - peer_consumed < (uint32_t)(window - kept); }

static void send_stream(int bundled, int size, double seconds)
{
    double end = now() + seconds;
    uint64_t next = 0;
    for (int turn = 0; !ended; turn++) {
        poll_queue(bundled);
        if ((turn & 63) == 0 && now() > end) break;
        if (!may_send(reserve)) continue;
        if (!bundled) {
            try_send(DATA, (uint32_t)(size < HEADER ? HEADER : size), 1);
            continue;
        }
        char *start = sends + (size_t)idle[idle_count - 1] * FRAME, *to = start + HEADER;
        uint16_t count = 0;
        uint32_t record[2] = { (uint32_t)size, 0 };
        for (; to - start + 8 + ((size + 7) & ~7) <= FRAME; count++) {
            memcpy(to, record, sizeof record);
            memcpy(to + 8, packets + (next++ % PACKETS) * 16384, (size_t)size);
            to += 8 + ((size + 7) & ~7);
        }
        while (!try_send(DATA, (uint32_t)(to - start), count)) poll_queue(bundled);
    }
    while (!ended && (!may_send(0) || !try_send(END, HEADER, 0))) poll_queue(bundled);
    for (int all = bundled ? 8 : FRAMES; !ended && idle_count < all;) poll_queue(bundled);
}

static void receive_stream(int bundled)
{
    double first = 0, last = 0;
    uint32_t told = 0;
    uint64_t before = 0, warm = 0;
    while (!ended) {
        poll_queue(bundled);
        if (received > before) {
            before = received;
            last = now();
            if (first == 0) first = last + WARM_UP;
            if (last < first) warm = received;
        }
        if (consumed - told >= (uint32_t)window / 4 && may_send(0) && try_send(CREDIT, HEADER, 0)) told = consumed;
    }
    printf("packets %llu seconds %.6f\n", (unsigned long long)(received - warm), last - first);
}

static void ping(int size, double seconds)
{
    double start = now(), end = start + seconds;
    uint64_t rounds = 0;
    for (; !ended && ((rounds & 15) != 0 || now() < end); rounds++) {
        while (!may_send(0) || !try_send(DATA, (uint32_t)size, 1)) poll_queue(0);
        for (uint64_t want = rounds + 1; received < want && !ended;) poll_queue(0);
    }
    printf("packets %llu seconds %.6f\n", (unsigned long long)(2 * rounds), now() - start);
    while (!ended && !try_send(END, HEADER, 0)) poll_queue(0);
    while (!ended && idle_count < FRAMES) poll_queue(0);
}

static void pong(int size)
{
    for (uint64_t answered = 0; !ended;) {
        poll_queue(0);
        if (received > answered && may_send(0) && try_send(DATA, (uint32_t)size, 1)) answered++;
    }
}

int main(int argc, char **argv)
{
    if (argc != 8) return 2;
    int listens = !strcmp(argv[1], "listen"), bundled = !strcmp(argv[5], "bundle"), size = atoi(argv[6]);
    struct fi_info *hints = fi_allocinfo(), *info;
    hints->caps = FI_MSG;
    hints->mode = FI_CONTEXT | FI_CONTEXT2 | FI_RX_CQ_DATA;
    hints->ep_attr->type = FI_EP_MSG;
    hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
    hints->domain_attr->threading = FI_THREAD_DOMAIN;
    hints->fabric_attr->prov_name = strdup(argv[2]);
    check(fi_getinfo(FI_VERSION(1, 17), argv[3], argv[4], listens ? FI_SOURCE : 0, hints, &info), "fi_getinfo");

    struct fid_fabric *fabric;
    struct fid_domain *domain;
    struct fid_eq *eq;
    struct fi_eq_attr eq_attr = { .wait_obj = FI_WAIT_UNSPEC };
    struct fi_eq_cm_entry event;
    uint32_t kind;
    check(fi_fabric(info->fabric_attr, &fabric, NULL), "fi_fabric");
    check(fi_eq_open(fabric, &eq_attr, &eq, NULL), "fi_eq_open");
    if (listens) {
        struct fid_pep *passive;
        check(fi_passive_ep(fabric, info, &passive, NULL), "fi_passive_ep");
        check(fi_pep_bind(passive, &eq->fid, 0), "fi_pep_bind");
        check(fi_listen(passive), "fi_listen");
        printf("listening\n");
        fflush(stdout);
        check(fi_eq_sread(eq, &kind, &event, sizeof event, 20000, 0), "waiting for the other end");
        info = event.info;
    }
    struct fi_cq_attr cq_attr = { .size = 4 * FRAMES, .format = FI_CQ_FORMAT_DATA, .wait_obj = FI_WAIT_FD };
    check(fi_domain(fabric, info, &domain, NULL), "fi_domain");
    check(fi_cq_open(domain, &cq_attr, &cq, NULL), "fi_cq_open");
    check(fi_endpoint(domain, info, &ep, NULL), "fi_endpoint");
    check(fi_ep_bind(ep, &eq->fid, 0), "fi_ep_bind");
    check(fi_ep_bind(ep, &cq->fid, FI_TRANSMIT | FI_RECV), "fi_ep_bind");
    check(fi_enable(ep), "fi_enable");

    size_t bytes = (size_t)FRAMES * FRAME;
    struct fid_mr *send_region, *receive_region;
    sends = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    receives = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    packets = calloc(PACKETS, 16384);
    copies = calloc(PACKETS, 16384);
    check(fi_mr_reg(domain, sends, bytes, FI_SEND, 0, 1, 0, &send_region, NULL), "fi_mr_reg");
    check(fi_mr_reg(domain, receives, bytes, FI_RECV, 0, 2, 0, &receive_region, NULL), "fi_mr_reg");
    send_desc = fi_mr_desc(send_region);
    receive_desc = fi_mr_desc(receive_region);
    if (bundled) window = 16, reserve = 4;
    int sending = bundled ? 8 : window;
    for (int i = 0; i < window; i++) {
        if (i < sending) idle[idle_count++] = i;
        post_receive(i);
    }
    if (listens) check(fi_accept(ep, NULL, 0), "fi_accept");
    else check(fi_connect(ep, info->dest_addr, NULL, 0), "fi_connect");
    do {
        fi_cq_read(cq, NULL, 0); // the tcp provider moves only when somebody looks
        long got = fi_eq_read(eq, &kind, &event, sizeof event, 0);
        if (got != -FI_EAGAIN) check(got, "fi_eq_read");
        if (got > 0 && kind == FI_CONNECTED) break;
    } while (1);

    if (!strcmp(argv[5], "pingpong")) {
        if (listens) pong(size); else ping(size, atof(argv[7]));
    } else {
        if (listens) receive_stream(bundled); else send_stream(bundled, size, atof(argv[7]));
    }
    fi_shutdown(ep, 0);
    fi_close(&ep->fid);
    return 0;
}
