"""Runs a program in a pseudo-terminal: terminal.py COLUMNS ROWS WAIT_FOR TYPE PROGRAM...

Types TYPE once WAIT_FOR has been seen, prints what the program drew, and ends with its exit code.
"""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios

# Whatever goes wrong, neither is left behind: the program loses its terminal when this process ends.
signal.alarm(60)

columns, rows, wait_for, typed, *program = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    # The size has to be right before the program looks at it.
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
    os.execvp(program[0], program)
seen = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        break
    if not part:
        break
    seen += part
    if typed and wait_for.encode() in seen:
        os.write(terminal, typed.encode())
        typed = ""
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status))
