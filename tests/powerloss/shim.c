/* Journals what a process does to the files below POWER_ROOT, and what it writes to standard output.
 *
 *   record: operation u8 | path length u32 | path | number u64 | data length u32 | data
 *
 *   c  a file was created        T  a file was cut to nothing    w  data was written at an offset
 *   t  a file got a length       s  a file or folder was synced  r  a path was renamed to `data`
 *   u  a file was unlinked       m  a folder was made            A  data went to standard output
 *
 * sync_file_range is not here: it promises nothing about a disk's own cache. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int journal = -1;

__attribute__((constructor)) static void begin(void) {
    root = getenv("POWER_ROOT");
    const char *path = getenv("POWER_JOURNAL");
    if (!root || !path) return;
    root_length = strlen(root);
    journal = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const void *bytes, size_t length) {
    while (length) {
        long written = syscall(SYS_write, journal, bytes, length);
        if (written < 0) _exit(99);
        bytes = (const char *)bytes + written;
        length -= written;
    }
}

/* The part of a path below the root; NULL where it is elsewhere. */
static const char *below(const char *path) {
    if (journal < 0 || strncmp(path, root, root_length)) return NULL;
    return path[root_length] == '/' ? path + root_length + 1 : path[root_length] ? NULL : "";
}

static const char *of_fd(int fd, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, 4095);
    if (length < 0) return NULL;
    buffer[length] = 0;
    return below(buffer);
}

static void note(char operation, const char *path, uint64_t number, const void *data, uint32_t length) {
    uint32_t path_length = strlen(path);
    put(&operation, 1);
    put(&path_length, 4);
    put(path, path_length);
    put(&number, 8);
    put(&length, 4);
    put(data, length);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define LOCKED(type, call, notes)               \
    int error;                                  \
    pthread_mutex_lock(&order);                 \
    type result = call;                         \
    error = errno;                              \
    if (result >= 0) { notes; }                 \
    pthread_mutex_unlock(&order);               \
    errno = error;                              \
    return result;

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char buffer[4096];
    int is_new = (flags & O_CREAT) && faccessat(folder, path, F_OK, 0) != 0;
    LOCKED(int, (int)syscall(SYS_openat, folder, path, flags, mode), {
        const char *name = (flags & (O_CREAT | O_TRUNC)) && journal >= 0 ? of_fd(result, buffer) : NULL;
        if (name && is_new) note('c', name, 0, "", 0);
        else if (name && (flags & O_TRUNC)) note('T', name, 0, "", 0);
    })
}

#define MODE(flags) mode_t mode = 0; if (flags & O_CREAT) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }

ssize_t write(int fd, const void *data, size_t length) {
    char buffer[4096];
    LOCKED(ssize_t, syscall(SYS_write, fd, data, length), {
        const char *name = journal < 0 ? NULL : of_fd(fd, buffer);
        if (name) note('w', name, lseek(fd, 0, SEEK_CUR) - result, data, result);
        else if (fd == 1 && journal >= 0) note('A', "", 0, data, result);
    })
}

static ssize_t written(int fd, const void *data, size_t length, off_t offset) {
    char buffer[4096];
    LOCKED(ssize_t, syscall(SYS_pwrite64, fd, data, length, offset), {
        const char *name = journal < 0 ? NULL : of_fd(fd, buffer);
        if (name) note('w', name, offset, data, result);
    })
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return written(fd, data, length, offset); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return written(fd, data, length, offset); }

static int cut(int fd, off_t length) {
    char buffer[4096];
    LOCKED(int, (int)syscall(SYS_ftruncate, fd, length), {
        const char *name = journal < 0 ? NULL : of_fd(fd, buffer);
        if (name) note('t', name, length, "", 0);
    })
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int synced(int fd, long call) {
    char buffer[4096];
    LOCKED(int, (int)syscall(call, fd), {
        const char *name = journal < 0 ? NULL : of_fd(fd, buffer);
        if (name) note('s', name, 0, "", 0);
    })
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int rename(const char *from, const char *to) {
    LOCKED(int, (int)syscall(SYS_rename, from, to), {
        const char *name = below(from);
        if (name) note('r', name, 0, below(to), strlen(below(to)));
    })
}

int unlink(const char *path) {
    LOCKED(int, (int)syscall(SYS_unlink, path), { if (below(path)) note('u', below(path), 0, "", 0); })
}

int mkdir(const char *path, mode_t mode) {
    LOCKED(int, (int)syscall(SYS_mkdir, path, mode), { if (below(path)) note('m', below(path), 0, "", 0); })
}
