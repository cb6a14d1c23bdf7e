/*
 * A disk and a clock that fail on demand, between the relay and the C library (LD_PRELOAD; Linux).
 *
 *   cc -shared -fPIC -O2 -Wall -Wextra -o libinterposer.so interposer.c -ldl -pthread
 *   LD_PRELOAD=./libinterposer.so INTERPOSER_SLOW_SYNC_MS=10 deskwire-relay serve …      (a slow disk, for benchmarks)
 *
 * Environment
 *   INTERPOSER_STORE          the database; it, its -wal and its -journal are watched. None: every sync is slowed, nothing else.
 *   INTERPOSER_SLOW_SYNC_MS   each fsync and fdatasync takes so much longer
 *   INTERPOSER_CONTROL        a file of `key=value` lines, read again whenever it changes:
 *       slow_sync_ms   as above
 *       full_at        bytes of all watched files together after which a write that grows one fails with ENOSPC; 0: none
 *       fail_sync      the so-many-th sync from now fails with EIO; what it should have written is lost (below)
 *       cut_in         the so-many-th write or sync from now is the last: the power fails (below)
 *       cut_torn       0: nothing unsynced survives; else a seed: some sectors of 512 bytes of it do
 *       sync_lies      1: a sync says yes and brings nothing to the disk
 *       clock_ms       CLOCK_REALTIME is off by so much; CLOCK_MONOTONIC is not
 *   INTERPOSER_REPORT         a file to which one line is added for each fault as it happens
 *
 * Power failure: before each write to a watched file the bytes under it are kept until a sync of that file. At the cut they
 * are put back, files whose directory was not synced vanish, and the process kills itself.
 *
 * A failed sync behaves as on Linux: the pages count as clean although they never reached the disk, so a later sync that
 * succeeds does not bring them; they are readable until a power failure and gone after it. Every other descriptor of the
 * file reports the error once as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512
#define FDS 65536
#define FILES 3
#define DIRECTORY 100
#define LOOK_EVERY_NS 2000000L

struct undo {
    struct undo *older;
    off_t at;
    size_t length;
    /* Bytes of before; shorter than length where the file grew. */
    size_t had;
    unsigned char *old;
    /* One for each byte written anew since it was lost. */
    unsigned char *anew;
    off_t old_size;
    uint64_t generation;
    int is_lost;
};

struct file {
    char path[4096];
    struct undo *newest;
    int is_entry_unsynced;
};

static struct {
    int (*open)(const char *, int, ...);
    int (*openat)(int, const char *, int, ...);
    int (*close)(int);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    int (*ftruncate)(int, off_t);
    int (*unlink)(const char *);
    int (*fsync)(int);
    int (*fdatasync)(int);
    int (*clock_gettime)(clockid_t, struct timespec *);
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static char directory[4096];
static int has_store;
/* 0: not watched; else the place of its file plus one, or DIRECTORY. */
static unsigned char watched[FDS];
static unsigned char owes_error[FDS];
static const char *control_path, *report_path;
static struct timespec control_changed;
static off_t control_size;
static atomic_long next_look_ns;
static atomic_llong clock_ms;
static long long slow_sync_ms, full_at, fail_sync, cut_in, cut_torn, sync_lies;
static uint64_t operations, cut_at, syncs, fail_at, generation;

static void report(const char *what, long long number) {
    if (!report_path) return;
    char line[128];
    int length = snprintf(line, sizeof line, "%s %lld\n", what, number);
    int fd = real.open(report_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    if (real.write(fd, line, (size_t)length) < 0) { /* Nobody to tell. */ }
    real.close(fd);
}

static void set(const char *key, long long value) {
    if (!strcmp(key, "slow_sync_ms")) slow_sync_ms = value;
    if (!strcmp(key, "full_at")) full_at = value;
    if (!strcmp(key, "cut_torn")) cut_torn = value;
    if (!strcmp(key, "sync_lies")) sync_lies = value;
    if (!strcmp(key, "fail_sync") && value != fail_sync) {
        fail_sync = value;
        fail_at = value ? syncs + (uint64_t)value : 0;
    }
    if (!strcmp(key, "cut_in") && value != cut_in) {
        cut_in = value;
        cut_at = value ? operations + (uint64_t)value : 0;
    }
    if (!strcmp(key, "clock_ms") && value != atomic_load(&clock_ms)) {
        atomic_store(&clock_ms, value);
        report("clock", value);
    }
}

/* With the lock held. */
static void read_control(void) {
    struct stat now;
    if (!control_path || stat(control_path, &now)) return;
    if (now.st_size == control_size && now.st_mtim.tv_sec == control_changed.tv_sec &&
        now.st_mtim.tv_nsec == control_changed.tv_nsec) return;
    control_size = now.st_size;
    control_changed = now.st_mtim;
    char text[4096];
    int fd = real.open(control_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t length = read(fd, text, sizeof text - 1);
    real.close(fd);
    if (length <= 0) return;
    text[length] = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n"))) {
        char *value = strchr(line, '=');
        if (!value) continue;
        *value++ = 0;
        set(line, atoll(value));
    }
}

/* Looks at the control file now and then; cheap enough for every reading of the clock. */
static void look(int has_lock) {
    if (!control_path) return;
    struct timespec now;
    real.clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    long ns = now.tv_sec * 1000000000L + now.tv_nsec;
    if (ns < atomic_load(&next_look_ns)) return;
    if (!has_lock && pthread_mutex_trylock(&lock)) return;
    atomic_store(&next_look_ns, ns + LOOK_EVERY_NS);
    read_control();
    if (!has_lock) pthread_mutex_unlock(&lock);
}

static void begin(void) {
    real.open = dlsym(RTLD_NEXT, "open");
    real.openat = dlsym(RTLD_NEXT, "openat");
    real.close = dlsym(RTLD_NEXT, "close");
    real.write = dlsym(RTLD_NEXT, "write");
    real.pwrite = dlsym(RTLD_NEXT, "pwrite");
    real.ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    real.unlink = dlsym(RTLD_NEXT, "unlink");
    real.fsync = dlsym(RTLD_NEXT, "fsync");
    real.fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real.clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    control_path = getenv("INTERPOSER_CONTROL");
    report_path = getenv("INTERPOSER_REPORT");
    const char *slow = getenv("INTERPOSER_SLOW_SYNC_MS"), *store = getenv("INTERPOSER_STORE");
    if (slow) slow_sync_ms = atoll(slow);
    if (store) {
        const char *ends[FILES] = {"", "-wal", "-journal"};
        for (int i = 0; i < FILES; i++) snprintf(files[i].path, sizeof files[i].path, "%s%s", store, ends[i]);
        snprintf(directory, sizeof directory, "%s", store);
        char *slash = strrchr(directory, '/');
        if (slash) *slash = 0;
        has_store = 1;
    }
    pthread_mutex_lock(&lock);
    read_control();
    pthread_mutex_unlock(&lock);
}

static void ready(void) { pthread_once(&once, begin); }
__attribute__((constructor)) static void loaded(void) { ready(); }

static int kind_of(int fd) { return fd >= 0 && fd < FDS ? watched[fd] : 0; }

static void note(int fd, const char *path, int is_new) {
    if (fd < 0 || fd >= FDS || !has_store) return;
    watched[fd] = owes_error[fd] = 0;
    if (!strcmp(path, directory)) watched[fd] = DIRECTORY;
    for (int i = 0; i < FILES; i++) {
        if (strcmp(path, files[i].path)) continue;
        watched[fd] = (unsigned char)(i + 1);
        if (is_new) files[i].is_entry_unsynced = 1;
    }
}

static off_t size_of(int fd) {
    struct stat now;
    return fstat(fd, &now) ? 0 : now.st_size;
}

/* Keeps the bytes that are about to be written over or cut off. With the lock held. */
static void keep(struct file *file, int fd, off_t at, size_t length) {
    for (struct undo *undo = file->newest; undo; undo = undo->older) {
        if (!undo->is_lost || at >= undo->at + (off_t)undo->length || at + (off_t)length <= undo->at) continue;
        if (!undo->anew) undo->anew = calloc(1, undo->length);
        for (size_t i = 0; undo->anew && i < undo->length; i++) {
            off_t place = undo->at + (off_t)i;
            if (place >= at && place < at + (off_t)length) undo->anew[i] = 1;
        }
    }
    struct undo *undo = calloc(1, sizeof *undo);
    if (!undo) abort();
    undo->at = at;
    undo->length = length;
    undo->old_size = size_of(fd);
    undo->generation = ++generation;
    undo->old = malloc(length ? length : 1);
    if (!undo->old) abort();
    ssize_t had = pread(fd, undo->old, length, at);
    undo->had = had > 0 ? (size_t)had : 0;
    undo->older = file->newest;
    file->newest = undo;
}

static void forget(struct undo *undo) {
    free(undo->old);
    free(undo->anew);
    free(undo);
}

/* What was written up to then is on disk, but for what was lost. With the lock held. */
static void synced(struct file *file, uint64_t until) {
    struct undo **place = &file->newest;
    while (*place) {
        struct undo *undo = *place;
        if (undo->generation <= until && !undo->is_lost) {
            *place = undo->older;
            forget(undo);
        } else {
            place = &undo->older;
        }
    }
}

static uint64_t chance_state;

static int survives(void) {
    if (!cut_torn) return 0;
    chance_state = chance_state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int)(chance_state >> 63);
}

static void put_back(struct file *file, int fd) {
    off_t size = -1;
    static const unsigned char nothing[SECTOR];
    for (struct undo *undo = file->newest; undo; undo = undo->older) {
        for (size_t from = 0; from < undo->length; from += SECTOR) {
            if (survives()) continue;
            for (size_t i = from; i < from + SECTOR && i < undo->length; i++) {
                if (undo->anew && undo->anew[i]) continue;
                const unsigned char *byte = i < undo->had ? undo->old + i : nothing;
                if (real.pwrite(fd, byte, 1, undo->at + (off_t)i) < 0) abort();
            }
        }
        if (!undo->is_lost) size = undo->old_size;
    }
    if (size >= 0 && !survives() && real.ftruncate(fd, size)) abort();
}

/* With the lock held, for ever: nobody writes any more. */
static void cut(void) {
    long long undone = 0;
    chance_state = (uint64_t)cut_torn;
    for (int i = 0; i < FILES; i++) {
        for (struct undo *undo = files[i].newest; undo; undo = undo->older) undone += (long long)undo->length;
        int fd = real.open(files[i].path, O_RDWR | O_CLOEXEC);
        if (fd >= 0) put_back(&files[i], fd);
        if (files[i].is_entry_unsynced && !survives()) real.unlink(files[i].path);
    }
    report("cut", undone);
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts an operation on a watched file. With the lock held. */
static void step(void) {
    look(1);
    operations++;
    if (cut_at && operations >= cut_at) cut();
}

static int is_full(int fd, off_t end) {
    if (!full_at || end <= size_of(fd)) return 0;
    long long all = end - size_of(fd);
    for (int i = 0; i < FILES; i++) {
        struct stat now;
        if (!stat(files[i].path, &now)) all += now.st_size;
    }
    return all > full_at;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t at, int is_placed) {
    struct file *file = &files[kind_of(fd) - 1];
    pthread_mutex_lock(&lock);
    step();
    if (is_full(fd, at + (off_t)length)) {
        report("full", (long long)at);
        pthread_mutex_unlock(&lock);
        errno = ENOSPC;
        return -1;
    }
    keep(file, fd, at, length);
    ssize_t done = is_placed ? real.pwrite(fd, bytes, length, at) : real.write(fd, bytes, length);
    pthread_mutex_unlock(&lock);
    return done;
}

static int is_file(int fd) {
    int kind = kind_of(fd);
    return kind > 0 && kind <= FILES;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    ready();
    if (!is_file(fd)) return real.write(fd, bytes, length);
    return write_at(fd, bytes, length, lseek(fd, 0, SEEK_CUR), 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    ready();
    if (!is_file(fd)) return real.pwrite(fd, bytes, length, at);
    return write_at(fd, bytes, length, at, 1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite(fd, bytes, length, at); }

int ftruncate(int fd, off_t size) {
    ready();
    if (!is_file(fd)) return real.ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    step();
    off_t before = size_of(fd);
    keep(&files[kind_of(fd) - 1], fd, size, before > size ? (size_t)(before - size) : 0);
    int done = real.ftruncate(fd, size);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

static void owe_to_others(int fd) {
    for (int other = 0; other < FDS; other++) {
        if (other != fd && watched[other] == watched[fd]) owes_error[other] = 1;
    }
}

static int sync_with(int fd, int (*how)(int)) {
    ready();
    int kind = kind_of(fd);
    if (!kind && has_store) return how(fd);
    pthread_mutex_lock(&lock);
    step();
    uint64_t until = generation, number = ++syncs;
    long long slow = slow_sync_ms;
    int fails = is_file(fd) && fail_at && number >= fail_at;
    if (fails) fail_at = 0;
    int owes = is_file(fd) && owes_error[fd];
    if (owes) owes_error[fd] = 0;
    pthread_mutex_unlock(&lock);
    if (slow > 0) {
        struct timespec wait = {slow / 1000, slow % 1000 * 1000000L};
        nanosleep(&wait, NULL);
        report("slow", slow);
    }
    int done = how(fd);
    pthread_mutex_lock(&lock);
    if (fails) {
        for (struct undo *undo = files[kind - 1].newest; undo; undo = undo->older) {
            if (undo->generation <= until) undo->is_lost = 1;
        }
        owe_to_others(fd);
        report("eio", (long long)number);
    } else if (owes) {
        report("owed", (long long)number);
    } else if (sync_lies) {
        report("lie", (long long)number);
    } else if (kind == DIRECTORY) {
        for (int i = 0; i < FILES; i++) files[i].is_entry_unsynced = 0;
    } else if (kind && !done) {
        synced(&files[kind - 1], until);
    }
    pthread_mutex_unlock(&lock);
    if (fails || owes) {
        errno = EIO;
        return -1;
    }
    return done;
}

int fsync(int fd) {
    ready();
    return sync_with(fd, real.fsync);
}

int fdatasync(int fd) {
    ready();
    return sync_with(fd, real.fdatasync);
}

static int opened(int fd, const char *path, int flags, int was_there) {
    if (fd >= 0) {
        pthread_mutex_lock(&lock);
        note(fd, path, (flags & O_CREAT) && !was_there);
        pthread_mutex_unlock(&lock);
    }
    return fd;
}

#define MODE(flags, mode)                                  \
    mode_t mode = 0;                                       \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {               \
        va_list arguments;                                 \
        va_start(arguments, flags);                        \
        mode = va_arg(arguments, mode_t);                  \
        va_end(arguments);                                 \
    }

int open(const char *path, int flags, ...) {
    ready();
    MODE(flags, mode)
    int was_there = !has_store || !access(path, F_OK);
    return opened(real.open(path, flags, mode), path, flags, was_there);
}

int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open(path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    ready();
    MODE(flags, mode)
    int was_there = !has_store || !access(path, F_OK);
    return opened(real.openat(folder, path, flags, mode), path, flags, was_there);
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags, mode)
    return openat(folder, path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
    ready();
    if (kind_of(fd)) {
        pthread_mutex_lock(&lock);
        watched[fd] = owes_error[fd] = 0;
        pthread_mutex_unlock(&lock);
    }
    return real.close(fd);
}

int unlink(const char *path) {
    ready();
    for (int i = 0; has_store && i < FILES; i++) {
        if (strcmp(path, files[i].path)) continue;
        pthread_mutex_lock(&lock);
        step();
        for (struct undo *undo = files[i].newest, *older; undo; undo = older) {
            older = undo->older;
            forget(undo);
        }
        files[i].newest = NULL;
        files[i].is_entry_unsynced = 0;
        pthread_mutex_unlock(&lock);
    }
    return real.unlink(path);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    ready();
    int done = real.clock_gettime(id, now);
    if (done || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return done;
    look(0);
    long long offset = atomic_load(&clock_ms);
    long long ms = now->tv_sec * 1000LL + offset;
    if (ms < 0) ms = 0;
    now->tv_sec = ms / 1000;
    now->tv_nsec += ms % 1000 * 1000000L;
    if (now->tv_nsec >= 1000000000L) {
        now->tv_nsec -= 1000000000L;
        now->tv_sec++;
    }
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int done = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return done;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
