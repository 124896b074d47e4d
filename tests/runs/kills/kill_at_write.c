/* Preloaded (LD_PRELOAD) into a process, kills it with SIGKILL at its n-th change of watched files.
 *
 * Every call of the C library that changes files is seen, whichever library makes it, but not what
 * goes through memory maps. `arm` starts the count; a process that is made by exec has none. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static const char *folders[8]; /* watched, up to the first NULL */
static long last = -1, count = 0;
static int tear, log_fd = -1;

/* Die at change `at` (0: never): before it, or, if `torn`, after half of what it writes.
 * `watched` ends with NULL; each change is told to `log`, a line each. */
void arm(long at, int torn, const char **watched, int log)
{
    int i;
    for (i = 0; watched[i] && i < 7; i++)
        folders[i] = strdup(watched[i]);
    last = at, tear = torn, log_fd = log;
}

static void resolve(int folder, const char *path, char *found)
{
    char link[64];
    ssize_t length;
    if (path && path[0] == '/') {
        snprintf(found, PATH_MAX, "%s", path);
        return;
    }
    if (folder == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, found, PATH_MAX - 1);
    found[length < 0 ? 0 : length] = 0;
    if (path) {
        strncat(found, "/", PATH_MAX - strlen(found) - 1);
        strncat(found, path, PATH_MAX - strlen(found) - 1);
    }
}

/* Counts a change of a watched file; nonzero where half of it is to be done before the end. */
static int change(const char *call, int folder, const char *path)
{
    char found[PATH_MAX], line[PATH_MAX + 64];
    int i, now = 0;
    if (last < 0)
        return 0;
    resolve(folder, path, found);
    for (i = 0; folders[i]; i++) {
        if (strncmp(found, folders[i], strlen(folders[i])))
            continue;
        pthread_mutex_lock(&guard);
        now = ++count == last;
        if (now && !tear)
            kill(getpid(), SIGKILL);
        snprintf(line, sizeof line, "%s %s\n", call, found);
        REAL(write)(log_fd, line, strlen(line));
        pthread_mutex_unlock(&guard);
        break;
    }
    return now;
}

#define HALF(size) ((size) > 1 ? (size) / 2 : (size))
#define DIE() kill(getpid(), SIGKILL)

#define CHANGES_PATH(name, declared, folder, path, given)     \
    int name declared                                         \
    {                                                         \
        if (change(#name, folder, path)) DIE();               \
        return REAL(name) given;                              \
    }

CHANGES_PATH(rename, (const char *a, const char *b), AT_FDCWD, b, (a, b))
CHANGES_PATH(renameat, (int d, const char *a, int e, const char *b), e, b, (d, a, e, b))
CHANGES_PATH(renameat2, (int d, const char *a, int e, const char *b, unsigned f), e, b, (d, a, e, b, f))
CHANGES_PATH(link, (const char *a, const char *b), AT_FDCWD, b, (a, b))
CHANGES_PATH(linkat, (int d, const char *a, int e, const char *b, int f), e, b, (d, a, e, b, f))
CHANGES_PATH(symlink, (const char *a, const char *b), AT_FDCWD, b, (a, b))
CHANGES_PATH(symlinkat, (const char *a, int d, const char *b), d, b, (a, d, b))
CHANGES_PATH(unlink, (const char *a), AT_FDCWD, a, (a))
CHANGES_PATH(unlinkat, (int d, const char *a, int f), d, a, (d, a, f))
CHANGES_PATH(mkdir, (const char *a, mode_t m), AT_FDCWD, a, (a, m))
CHANGES_PATH(mkdirat, (int d, const char *a, mode_t m), d, a, (d, a, m))
CHANGES_PATH(rmdir, (const char *a), AT_FDCWD, a, (a))
CHANGES_PATH(truncate64, (const char *a, off64_t s), AT_FDCWD, a, (a, s))
CHANGES_PATH(ftruncate, (int d, off_t s), d, NULL, (d, s))
CHANGES_PATH(ftruncate64, (int d, off64_t s), d, NULL, (d, s))
CHANGES_PATH(posix_fallocate, (int d, off_t o, off_t s), d, NULL, (d, o, s))
CHANGES_PATH(posix_fallocate64, (int d, off64_t o, off64_t s), d, NULL, (d, o, s))

#define OPENS(name, declared, folder, path, given)                             \
    int name declared                                                          \
    {                                                                          \
        va_list rest;                                                          \
        mode_t mode;                                                           \
        va_start(rest, flags);                                                 \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;       \
        va_end(rest);                                                          \
        if (flags & (O_CREAT | O_TRUNC) && change(#name, folder, path)) DIE(); \
        return REAL(name) given;                                               \
    }

OPENS(open, (const char *a, int flags, ...), AT_FDCWD, a, (a, flags, mode))
OPENS(open64, (const char *a, int flags, ...), AT_FDCWD, a, (a, flags, mode))
OPENS(openat, (int d, const char *a, int flags, ...), d, a, (d, a, flags, mode))
OPENS(openat64, (int d, const char *a, int flags, ...), d, a, (d, a, flags, mode))

#define WRITES(name, declared, half, given)     \
    ssize_t name declared                       \
    {                                           \
        if (change(#name, d, NULL)) {           \
            REAL(name) half;                    \
            DIE();                              \
        }                                       \
        return REAL(name) given;                \
    }

WRITES(write, (int d, const void *b, size_t n), (d, b, HALF(n)), (d, b, n))
WRITES(pwrite, (int d, const void *b, size_t n, off_t o), (d, b, HALF(n), o), (d, b, n, o))
WRITES(pwrite64, (int d, const void *b, size_t n, off64_t o), (d, b, HALF(n), o), (d, b, n, o))
WRITES(writev, (int d, const struct iovec *v, int n), (d, v, HALF(n)), (d, v, n))
WRITES(sendfile, (int d, int s, off_t *o, size_t n), (d, s, o, HALF(n)), (d, s, o, n))
WRITES(sendfile64, (int d, int s, off64_t *o, size_t n), (d, s, o, HALF(n)), (d, s, o, n))
