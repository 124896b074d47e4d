/* Preloaded (LD_PRELOAD) into a process, kills it with SIGKILL at its n-th change of watched files,
 * or makes the disk look full from there on.
 *
 * Every call of the C library that changes files is seen, whichever library makes it, but not what
 * goes through memory maps. `arm` starts the count; a process that is made by exec has none. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
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
static int how, log_fd = -1;

enum { KILL, TEAR, FILL };             /* what `how` says is to happen */
enum { GO_ON, HALF_AND_DIE, NO_ROOM }; /* what a call is to do */

/* At change `at` (0: never) die before it (KILL) or after half of what it writes (TEAR), or let that
 * and all later writes fail for want of room (FILL).
 * `watched` ends with NULL; each change is told to `log`, a line each. */
void arm(long at, int what, const char **watched, int log)
{
    int i;
    for (i = 0; watched[i] && i < 7; i++)
        folders[i] = strdup(watched[i]);
    last = at, how = what, log_fd = log;
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

/* Counts a change of a watched file and says what the call is to do. */
static int change(const char *call, int folder, const char *path)
{
    char found[PATH_MAX], line[PATH_MAX + 64];
    int i, done = GO_ON;
    if (last < 0)
        return GO_ON;
    resolve(folder, path, found);
    for (i = 0; folders[i]; i++) {
        if (strncmp(found, folders[i], strlen(folders[i])))
            continue;
        pthread_mutex_lock(&guard);
        count++;
        if (count == last && how == KILL)
            kill(getpid(), SIGKILL);
        if (count == last && how == TEAR)
            done = HALF_AND_DIE;
        if (last && count >= last && how == FILL)
            done = NO_ROOM;
        snprintf(line, sizeof line, "%s %s\n", call, found);
        REAL(write)(log_fd, line, strlen(line));
        pthread_mutex_unlock(&guard);
        break;
    }
    return done;
}

static int is_new(int folder, const char *path)
{
    return last >= 0 && faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

#define HALF(size) ((size) > 1 ? (size) / 2 : (size))
#define DIE() kill(getpid(), SIGKILL)

#define CHANGES_PATH(name, declared, folder, path, given)       \
    int name declared                                           \
    {                                                           \
        if (change(#name, folder, path) == HALF_AND_DIE) DIE(); \
        return REAL(name) given;                                \
    }

/* Folders are often made that are there already, which changes nothing. */
#define MAKES(name, declared, folder, path, given)                                             \
    int name declared                                                                          \
    {                                                                                          \
        if (is_new(folder, path) && change(#name, folder, path) == HALF_AND_DIE) DIE();        \
        return REAL(name) given;                                                               \
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
MAKES(mkdir, (const char *a, mode_t m), AT_FDCWD, a, (a, m))
MAKES(mkdirat, (int d, const char *a, mode_t m), d, a, (d, a, m))
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
        if ((flags & O_TRUNC || (flags & O_CREAT && is_new(folder, path))) &&  \
            change(#name, folder, path) == HALF_AND_DIE) DIE();                \
        return REAL(name) given;                                               \
    }

OPENS(open, (const char *a, int flags, ...), AT_FDCWD, a, (a, flags, mode))
OPENS(open64, (const char *a, int flags, ...), AT_FDCWD, a, (a, flags, mode))
OPENS(openat, (int d, const char *a, int flags, ...), d, a, (d, a, flags, mode))
OPENS(openat64, (int d, const char *a, int flags, ...), d, a, (d, a, flags, mode))

#define WRITES(name, declared, half, given)     \
    ssize_t name declared                       \
    {                                           \
        int what = change(#name, d, NULL);      \
        if (what == HALF_AND_DIE) {             \
            REAL(name) half;                    \
            DIE();                              \
        }                                       \
        if (what == NO_ROOM) {                  \
            errno = ENOSPC;                     \
            return -1;                          \
        }                                       \
        return REAL(name) given;                \
    }

WRITES(write, (int d, const void *b, size_t n), (d, b, HALF(n)), (d, b, n))
WRITES(pwrite, (int d, const void *b, size_t n, off_t o), (d, b, HALF(n), o), (d, b, n, o))
WRITES(pwrite64, (int d, const void *b, size_t n, off64_t o), (d, b, HALF(n), o), (d, b, n, o))
WRITES(writev, (int d, const struct iovec *v, int n), (d, v, HALF(n)), (d, v, n))
WRITES(sendfile, (int d, int s, off_t *o, size_t n), (d, s, o, HALF(n)), (d, s, o, n))
WRITES(sendfile64, (int d, int s, off64_t *o, size_t n), (d, s, o, HALF(n)), (d, s, o, n))
