/* Stands between a container and the command of a run, and needs nothing of the image: no libc, no shell.
 *
 *   entry CONTROL COMMAND [ARGUMENT...]
 *
 * CONTROL is a folder with three files, which the worker has made:
 *   order    texts ended by NUL: what becomes of leftovers (kill, wait, fail), then NAME=VALUE for the environment
 *   log      stdout and stderr of the command, appended: so its output needs no engine
 *   status   what happened, a line each: up; exec ERRNO; began PID; exit CODE; signal NUMBER; left PID NAME
 *
 * The command is started only while the status is empty, and under its lock that is made certain: so never twice, and
 * never after the worker itself has written there, whatever becomes of an engine in the middle of a start.
 *
 * It passes signals on to the command's process group, adopts and reaps what the command leaves, and ends with the
 * command's code, 128 and the number after a signal. What the command itself cannot be started with is 126 or 127, and
 * `exec` in the status tells that from a command's own code; 125 means that CONTROL could not be used. */

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, FSTAT = 5, MMAP = 9, SIGACTION = 13, SIGPROCMASK = 14, GETPID = 39, CLONE = 56,
       EXECVE = 59, WAIT4 = 61, KILL = 62, FLOCK = 73, GETPPID = 110, SETSID = 112, SIGTIMEDWAIT = 128, PRCTL = 157,
       GETDENTS = 217, EXIT = 231, OPENAT = 257, DUP3 = 292, PIPE2 = 293 };
#define SIZE_AT 6 /* st_size, in longs from the beginning of struct stat */
static long call(long n, long a, long b, long c, long d, long e, long f) {
  long r;
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return r;
}
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#elif defined(__aarch64__)
enum { DUP3 = 24, FLOCK = 32, OPENAT = 56, CLOSE = 57, PIPE2 = 59, GETDENTS = 61, READ = 63, WRITE = 64, FSTAT = 80, EXIT = 94,
       KILL = 129, SIGACTION = 134, SIGPROCMASK = 135, SIGTIMEDWAIT = 137, SETSID = 157, PRCTL = 167, GETPID = 172,
       GETPPID = 173, CLONE = 220, EXECVE = 221, MMAP = 222, WAIT4 = 260 };
#define SIZE_AT 6
static long call(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl begin\n");
#else
#error "no system calls are known for this architecture"
#endif

#define C0(n) call(n, 0, 0, 0, 0, 0, 0)
#define C1(n, a) call(n, (long)(a), 0, 0, 0, 0, 0)
#define C2(n, a, b) call(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define C3(n, a, b, c) call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define C4(n, a, b, c, d) call(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

enum { ENOENT_ = 2, EINTR_ = 4, ECHILD_ = 10, EACCES_ = 13, EEXIST_ = 17, ENOTDIR_ = 20 };
enum { LOCK = 2, UNLOCK = 8 };
enum { APPEND = 02001, CLOEXEC = 02000000, HERE = -100 }; /* O_WRONLY|O_APPEND, O_CLOEXEC, AT_FDCWD */
enum { SIGCHLD_ = 17, NOHANG = 1, SUBREAPER = 36 };
enum { NAMED = 64 }; /* leftovers that are told by name */

typedef unsigned long word;

void *memset(void *to, int c, word n) { /* the compiler may call it */
  char *at = to;
  while (n--) *at++ = (char)c;
  return to;
}

void *memcpy(void *to, const void *from, word n) {
  char *at = to;
  const char *of = from;
  while (n--) *at++ = *of++;
  return to;
}

static word length(const char *text) {
  word n = 0;
  while (text[n]) n++;
  return n;
}

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static char *join(char *at, const char *text) {
  while (*text) *at++ = *text++;
  return at;
}

static char *number(char *at, long n) {
  char digits[24];
  int i = 0;
  do digits[i++] = (char)('0' + n % 10); while ((n /= 10));
  while (i) *at++ = digits[--i];
  return at;
}

static void end(int code) {
  for (;;) C1(EXIT, code);
}

static long open_at(const char *folder, const char *name, int flags) {
  char path[4096], *at = path;
  if (length(folder) + length(name) + 2 > sizeof path) return -ENOENT_;
  at = join(at, folder);
  *at++ = '/';
  *join(at, name) = 0;
  return call(OPENAT, HERE, (long)path, flags | CLOEXEC, 0, 0, 0);
}

static void useless(const char *what, const char *folder, long error) { /* the engine's own log is all that is left */
  char text[4300], *at = join(text, "anyjob entry: ");
  if (length(folder) > 4096) folder = "its control folder";
  at = join(join(join(at, folder), "/"), what);
  at = number(join(at, " cannot be used: error "), -error);
  *at++ = '\n';
  C3(WRITE, 2, text, at - text);
  end(125);
}

static void *room(word size) {
  return (void *)call(MMAP, 0, (long)(size + 4096), 3, 0x22, -1, 0); /* private, anonymous */
}

static long status;

static void tell(const char *what, long n, const char *more) {
  char line[320], *at = join(line, what);
  if (n >= 0) *at++ = ' ', at = number(at, n);
  if (more) {
    *at++ = ' ';
    for (int i = 0; more[i] && i < 256; i++) *at++ = more[i] == '\n' ? ' ' : more[i];
  }
  *at++ = '\n';
  C3(WRITE, status, line, at - line);
}

static void take(const char *control) { /* a file system without locks has the size all the same */
  long stat[32];
  while (C2(FLOCK, status, LOCK) == -EINTR_) {}
  if (C2(FSTAT, status, stat) < 0 || stat[SIZE_AT]) useless("status", control, -EEXIST_);
  tell("up", -1, 0);
  C2(FLOCK, status, UNLOCK);
}

static char *read_order(const char *control, word *size) {
  long file = open_at(control, "order", 0), got, stat[32];
  if (file < 0) useless("order", control, file);
  if ((got = C2(FSTAT, file, stat)) < 0) useless("order", control, got);
  word wanted = (word)stat[SIZE_AT], have = 0;
  char *text = room(wanted + 2);
  while (have < wanted) {
    got = C3(READ, file, text + have, wanted - have);
    if (got == -EINTR_) continue;
    if (got < 0) useless("order", control, got);
    if (!got) break;
    have += (word)got;
  }
  C1(CLOSE, file);
  *size = have;
  return text;
}

static char **environment(char **given, char *order, word size) {
  word n = 0, of_order = 0;
  for (char **one = given; *one; one++) n++;
  for (word i = 0; i < size; i++) of_order += !order[i];
  char **all = room((n + of_order + 1) * sizeof *all), *end_of = order + size;
  for (word i = 0; i < n; i++) all[i] = given[i];
  for (char *one = order + length(order) + 1; one < end_of; one += length(one) + 1) {
    word name = 0, i;
    while (one[name] && one[name] != '=') name++;
    for (i = 0; i < n; i++) {
      word same_as = 0;
      while (same_as < name && all[i][same_as] == one[same_as]) same_as++;
      if (same_as == name && all[i][name] == '=') break;
    }
    all[i] = one;
    if (i == n) n++;
  }
  return all;
}

static long execute(char **argv, char **env) { /* returns the error */
  const char *command = argv[0], *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const char *c = command; *c; c++)
    if (*c == '/') return -C3(EXECVE, command, argv, env);
  if (!*command) return ENOENT_;
  for (char **one = env; *one; one++)
    if ((*one)[0] == 'P' && (*one)[1] == 'A' && (*one)[2] == 'T' && (*one)[3] == 'H' && (*one)[4] == '=') path = *one + 5;
  long worst = ENOENT_;
  for (;;) {
    char full[4096], *at = full;
    word n = 0;
    while (path[n] && path[n] != ':') n++;
    if (n + length(command) + 3 <= sizeof full) {
      memcpy(at, path, n), at += n;
      if (!n) *at++ = '.';
      *at++ = '/';
      *join(at, command) = 0;
      long error = -C3(EXECVE, full, argv, env);
      if (error != ENOENT_ && error != ENOTDIR_ && error != EACCES_) return error;
      if (error == EACCES_) worst = EACCES_;
    }
    if (!path[n]) return worst;
    path += n + 1;
  }
}

static void become(char **argv, char **env, long log, long failed) {
  word none = 0;
  C0(SETSID);
  call(DUP3, log, 1, 0, 0, 0, 0);
  call(DUP3, log, 2, 0, 0, 0, 0);
  C4(SIGPROCMASK, 2, &none, 0, 8);
  int error = (int)execute(argv, env);
  C3(WRITE, failed, &error, sizeof error);
  end(127);
}

static void name_leftovers(void) { /* all that is in this pid namespace beside the init and this process */
  char entries[4096];
  long own = C0(GETPID), parent = C0(GETPPID), told = 0, folder = open_at("", "proc", 0200000), got;
  if (folder >= 0)
    while (told < NAMED && (got = C3(GETDENTS, folder, entries, sizeof entries)) > 0)
      for (long at = 0; at < got && told < NAMED; at += *(unsigned short *)(entries + at + 16)) {
        const char *name = entries + at + 19;
        long pid = 0;
        while (*name >= '0' && *name <= '9') pid = pid * 10 + *name++ - '0';
        if (*name || !pid || pid == own || pid == parent || pid == 1) continue;
        char path[64], comm[64];
        *join(number(join(path, "proc/"), pid), "/comm") = 0;
        long file = open_at("", path, 0), n = file < 0 ? 0 : C3(READ, file, comm, sizeof comm - 1);
        if (file >= 0) C1(CLOSE, file);
        while (n > 0 && comm[n - 1] == '\n') n--;
        comm[n > 0 ? n : 0] = 0;
        tell("left", pid, comm), told++;
      }
  if (!told) tell("left", 0, "?");
}

static int supervise(long child, int wait_for_all) {
  int code = -1, state;
  word all = ~0UL;
  for (;;) {
    long got = C4(SIGTIMEDWAIT, &all, 0, 0, 8);
    if (got > 0 && got != SIGCHLD_) {
      if (code < 0) {
        if (C2(KILL, -child, got) < 0) C2(KILL, child, got);
      } else if (C0(GETPPID) <= 1) {
        C2(KILL, -1, got); /* the command is over: whoever is left here is asked. Never outside of a container */
      }
      continue;
    }
    while ((got = C4(WAIT4, -1, &state, NOHANG, 0)) > 0)
      if (got == child) {
        int by = state & 0x7f;
        tell(by ? "signal" : "exit", by ? by : (state >> 8) & 0xff, 0);
        code = by ? 128 + by : (state >> 8) & 0xff;
      }
    if (code < 0) continue;
    if (got == -ECHILD_) return code;
    if (!wait_for_all) {
      name_leftovers();
      return code;
    }
  }
}

__attribute__((used, noreturn)) void begin(long *stack) {
  long argc = stack[0], log, ends[2];
  char **argv = (char **)(stack + 1), **env = argv + argc + 1;
  word all = ~0UL, size;
  char usual[64];
  if (argc < 3) end(125);
  C4(SIGPROCMASK, 2, &all, 0, 8);
  memset(usual, 0, sizeof usual); /* what the engine was started with may ignore signals, and children then go unseen */
  for (int n = 1; n <= 64; n++) C4(SIGACTION, n, usual, 0, 8);
  call(PRCTL, SUBREAPER, 1, 0, 0, 0, 0);
  const char *control = argv[1];
  if ((status = open_at(control, "status", APPEND)) < 0) useless("status", control, status);
  if ((log = open_at(control, "log", APPEND)) < 0) useless("log", control, log);
  char *order = read_order(control, &size);
  env = environment(env, order, size);
  take(control);
  int pair[2];
  if ((ends[0] = C2(PIPE2, pair, CLOEXEC)) < 0) useless("pipe", control, ends[0]);
  long child = call(CLONE, SIGCHLD_, 0, 0, 0, 0, 0);
  if (!child) become(argv + 2, env, log, pair[1]);
  if (child < 0) {
    tell("exec", -child, 0);
    end(126);
  }
  C1(CLOSE, pair[1]);
  C1(CLOSE, log);
  int error = 0;
  long got;
  while ((got = C3(READ, pair[0], &error, sizeof error)) == -EINTR_) {}
  if (got == sizeof error) {
    tell("exec", error, 0);
    end(error == ENOENT_ || error == ENOTDIR_ ? 127 : 126);
  }
  C1(CLOSE, pair[0]);
  tell("began", child, 0);
  end(supervise(child, same(order, "wait")));
  for (;;) {}
}
