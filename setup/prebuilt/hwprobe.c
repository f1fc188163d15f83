// Linked into IREE's programs for RISC-V by --wrap=syscall.
//
// IREE 3.13 asks Linux which vector instructions the CPU has, and ends where Linux does not know that
// question: before 6.4, and qemu before 8.2. Here that means that it has none.
#include <errno.h>
#include <stdarg.h>

enum { RISCV_HWPROBE = 258 };

long __real_syscall(long number, ...);

long __wrap_syscall(long number, ...) {
  long given[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; ++i) given[i] = va_arg(rest, long);
  va_end(rest);
  const long result = __real_syscall(number, given[0], given[1], given[2],
                                     given[3], given[4], given[5]);
  return number == RISCV_HWPROBE && result == -1 && errno == ENOSYS ? 0 : result;
}
