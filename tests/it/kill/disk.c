/* Stands between a program and the C library (LD_PRELOAD) and does two things with each step that changes a folder:
 * writes it down, and lets it fail where a test asks for that. It shows another time as well. See disk.rs for what the files hold.
 *
 *   DAICHO_DISK_FOLDER   the folder, without a slash at its end
 *   DAICHO_DISK_CONTROL  a file of seven 64-bit numbers, shared with the test
 *   DAICHO_DISK_STEPS    where the steps are written; none are where it is not set
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATED = 1, WRITTEN, ZEROED, CUT, SYNCED, RENAMED, UNLINKED, LINKED, FOLDER_MADE, FOLDER_REMOVED, FOLDER_SYNCED, RANGE_SYNCED };
enum { REFUSED = 1, FULL, HALF, LATE, SHORT, NO_GROWTH, HELD, READ_ONLY };

/* Steps begun, steps done, the first and last that fail (counted from 1), how, seconds that the clock is ahead,
 * whether a step is held. */
struct control { volatile uint64_t begun, done, first, last, how; volatile int64_t ahead; volatile uint64_t held; };

static struct control *control;
static const char *folder;
static size_t folder_length;
static int steps = -1;
static char *paths[1 << 16];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("DAICHO_DISK_CONTROL"), *written = getenv("DAICHO_DISK_STEPS");
  if (!(folder = getenv("DAICHO_DISK_FOLDER")) || !file) return;
  folder_length = strlen(folder);
  int fd = REAL(open64)(file, O_RDWR | O_CLOEXEC);
  if (written) steps = REAL(open64)(written, O_WRONLY | O_APPEND | O_CLOEXEC);
  void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || shared == MAP_FAILED || (written && steps < 0)) abort();
  control = shared;
}

static int inside(const char *path) {
  return control && path && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}
static const char *path_of(int fd) { return fd >= 0 && fd < (1 << 16) ? paths[fd] : NULL; }
static int is_folder(int fd) {
  struct stat64 s;
  return !fstat64(fd, &s) && S_ISDIR(s.st_mode);
}
static uint64_t inode(int fd) {
  struct stat64 s;
  return fstat64(fd, &s) ? 0 : s.st_ino;
}
static uint64_t length(int fd) {
  struct stat64 s;
  return fstat64(fd, &s) ? 0 : s.st_size;
}

static void put(const void *bytes, size_t count) {
  for (const char *at = bytes; count;) {
    ssize_t n = REAL(write)(steps, at, count);
    if (n <= 0) abort();
    at += n, count -= n;
  }
}

/* One step is done: how, of which file, where, how much, which names, which bytes. Keeps errno. */
static void done(uint8_t kind, uint64_t file, uint64_t offset, uint64_t count, const char *a, const char *b, const void *bytes) {
  int kept = errno;
  if (kind == WRITTEN) {
    const char *at = bytes;
    if (count && !at[0] && !memcmp(at, at + 1, count - 1)) kind = ZEROED;
  }
  if (steps >= 0) {
    uint64_t numbers[3] = {file, offset, count};
    uint16_t lengths[2] = {a ? strlen(a) : 0, b ? strlen(b) : 0};
    put(&kind, 1), put(numbers, sizeof numbers), put(lengths, sizeof lengths);
    put(a ? a : "", lengths[0]), put(b ? b : "", lengths[1]);
    if (kind == WRITTEN) put(bytes, count);
  }
  control->done++;
  errno = kept;
}

/* How the step that begins now fails; 0 where it does not. */
static int failing(int grows) {
  uint64_t number = ++control->begun;
  if (number < control->first || control->last < number) return 0;
  while (control->how == HELD) control->held = 1, pause();
  return control->how == NO_GROWTH && !grows ? 0 : (int)control->how;
}
static int error_of(int how) { return how == FULL || how == NO_GROWTH ? ENOSPC : how == READ_ONLY ? EROFS : EIO; }
/* Whether a step has failed since which nothing is to be written: then no file is opened for it either. */
static int is_read_only(void) { return control->how == READ_ONLY && control->first <= control->begun; }

/* A step that is done whole or not at all. */
#define STEP(grows, call, ...)                          \
  do {                                                  \
    pthread_mutex_lock(&lock);                          \
    int how = failing(grows), answer = -1;              \
    if (!how || how == LATE || how == SHORT) {          \
      answer = (call);                                  \
      if (!answer) done(__VA_ARGS__);                   \
    }                                                   \
    if (how && how != SHORT) answer = -1, errno = error_of(how); \
    pthread_mutex_unlock(&lock);                        \
    return answer;                                      \
  } while (0)

static int opened(int at, const char *path, int flags, mode_t mode) {
  if (at != AT_FDCWD && path_of(at) && path[0] != '/') {
    static __thread char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", path_of(at), path);
    path = whole;
  }
  if (!inside(path)) return REAL(openat64)(at, path, flags, mode);
  pthread_mutex_lock(&lock);
  struct stat64 before;
  int is_new = (flags & O_CREAT) && stat64(path, &before);
  int cuts = !is_new && (flags & O_TRUNC) && before.st_size;
  int how = is_new || cuts ? failing(is_new) : 0, fd = -1;
  if ((flags & O_ACCMODE) != O_RDONLY && is_read_only()) how = READ_ONLY;
  if (!how || how == LATE || how == SHORT) {
    fd = REAL(openat64)(AT_FDCWD, path, flags, mode);
    if (fd >= 0 && is_new) done(CREATED, inode(fd), 0, 0, path, NULL, NULL);
    if (fd >= 0 && cuts) done(CUT, inode(fd), 0, 0, NULL, NULL, NULL);
  }
  if (how && how != SHORT) {
    if (fd >= 0) REAL(close)(fd);
    fd = -1, errno = error_of(how);
  }
  if (fd >= 0 && fd < (1 << 16)) {
    free(paths[fd]);
    paths[fd] = strdup(path);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define MODE(last)                                            \
  mode_t mode = 0;                                            \
  if (flags & (O_CREAT | O_TMPFILE)) {                        \
    va_list more;                                             \
    va_start(more, last), mode = va_arg(more, mode_t), va_end(more); \
  }
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }

int close(int fd) {
  if (path_of(fd)) {
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = NULL;
    pthread_mutex_unlock(&lock);
  }
  return REAL(close)(fd);
}

static ssize_t put_at(int fd, const void *bytes, size_t count, off64_t offset, int moves) {
  pthread_mutex_lock(&lock);
  if (moves) offset = fcntl(fd, F_GETFL) & O_APPEND ? (off64_t)length(fd) : lseek64(fd, 0, SEEK_CUR);
  int how = failing(length(fd) < offset + count);
  ssize_t n = -1;
  size_t part = how == HALF || how == SHORT ? (count + 1) / 2 : count;
  if (!how || how == HALF || how == SHORT || how == LATE) {
    n = moves ? REAL(write)(fd, bytes, part) : REAL(pwrite64)(fd, bytes, part, offset);
    if (n > 0) done(WRITTEN, inode(fd), offset, n, NULL, NULL, bytes);
  }
  if (how && how != SHORT) n = -1, errno = error_of(how);
  pthread_mutex_unlock(&lock);
  return n;
}
ssize_t write(int fd, const void *bytes, size_t count) {
  return path_of(fd) && count ? put_at(fd, bytes, count, 0, 1) : REAL(write)(fd, bytes, count);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  return path_of(fd) && count ? put_at(fd, bytes, count, offset, 0) : REAL(pwrite64)(fd, bytes, count, offset);
}
/* The first piece alone: who wrote several goes on with the rest. */
ssize_t writev(int fd, const struct iovec *pieces, int count) {
  if (!path_of(fd)) return REAL(writev)(fd, pieces, count);
  for (int i = 0; i < count; i++)
    if (pieces[i].iov_len) return write(fd, pieces[i].iov_base, pieces[i].iov_len);
  return 0;
}
/* Copies within the kernel are not seen here: who asks for them copies by reading and writing. */
ssize_t copy_file_range(int in, off64_t *at, int out, off64_t *to, size_t count, unsigned flags) {
  if (path_of(out)) return errno = ENOSYS, -1;
  return REAL(copy_file_range)(in, at, out, to, count, flags);
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
  extern ssize_t sendfile64(int, int, off64_t *, size_t);
  if (path_of(out)) return errno = EINVAL, -1;
  return REAL(sendfile64)(out, in, offset, count);
}

int ftruncate64(int fd, off64_t count) {
  if (!path_of(fd)) return REAL(ftruncate64)(fd, count);
  STEP((off64_t)length(fd) < count, REAL(ftruncate64)(fd, count), CUT, inode(fd), count, 0, NULL, NULL, NULL);
}
static int synced(int fd, int (*sync)(int)) {
  if (!path_of(fd)) return sync(fd);
  uint8_t kind = is_folder(fd) ? FOLDER_SYNCED : SYNCED;
  STEP(0, sync(fd), kind, inode(fd), 0, 0, kind == FOLDER_SYNCED ? path_of(fd) : NULL, NULL, NULL);
}
int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }
int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags) {
  if (!path_of(fd)) return REAL(sync_file_range)(fd, offset, count, flags);
  STEP(0, REAL(sync_file_range)(fd, offset, count, flags), RANGE_SYNCED, inode(fd), offset, count, NULL, NULL, NULL);
}

int rename(const char *from, const char *to) {
  if (!inside(from) && !inside(to)) return REAL(rename)(from, to);
  STEP(0, REAL(rename)(from, to), RENAMED, 0, 0, 0, from, to, NULL);
}
int unlink(const char *path) {
  if (!inside(path)) return REAL(unlink)(path);
  STEP(0, REAL(unlink)(path), UNLINKED, 0, 0, 0, path, NULL, NULL);
}
int rmdir(const char *path) {
  if (!inside(path)) return REAL(rmdir)(path);
  STEP(0, REAL(rmdir)(path), FOLDER_REMOVED, 0, 0, 0, path, NULL, NULL);
}
int unlinkat(int at, const char *name, int flags) {
  char path[PATH_MAX];
  const char *in = at == AT_FDCWD || name[0] == '/' ? NULL : path_of(at);
  snprintf(path, sizeof path, in ? "%s/%s" : "%s%s", in ? in : "", name);
  if (!inside(path)) return REAL(unlinkat)(at, name, flags);
  STEP(0, REAL(unlinkat)(at, name, flags), flags & AT_REMOVEDIR ? FOLDER_REMOVED : UNLINKED, 0, 0, 0, path, NULL, NULL);
}
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
  if (!inside(to)) return REAL(linkat)(from_at, from, to_at, to, flags);
  STEP(1, REAL(linkat)(from_at, from, to_at, to, flags), LINKED, 0, 0, 0, from, to, NULL);
}
int mkdir(const char *path, mode_t mode) {
  if (!inside(path)) return REAL(mkdir)(path, mode);
  STEP(1, REAL(mkdir)(path, mode), FOLDER_MADE, 0, 0, 0, path, NULL, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int answer = REAL(clock_gettime)(clock, time);
  if (!answer && control && clock == CLOCK_REALTIME) time->tv_sec += control->ahead;
  return answer;
}
