"""Objects through pqueue and persist-queue in a directory: prints `name items-a-second` lines."""
import sys
import tempfile
import time

import persistqueue
import pqueue


def item(n):
    return {"id": n, "name": "event", "ts": 1234567, "tags": ["a", "b"]}


def measure(name, count, put, get):
    start = time.perf_counter()
    for n in range(count):
        put(item(n))
    middle = time.perf_counter()
    for _ in range(count):
        get()
    end = time.perf_counter()
    print(name + ", put", count / (middle - start))
    print(name + ", get and done", count / (end - middle))


def main():
    count, directory = int(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(dir=directory) as path, tempfile.TemporaryDirectory(dir=directory) as temp:
        queue = pqueue.Queue(path, tempdir=temp)

        def done():
            queue.get()
            queue.task_done()

        measure("pqueue", count, queue.put, done)
    with tempfile.TemporaryDirectory(dir=directory) as path:
        queue = persistqueue.SQLiteAckQueue(path)

        def acked():
            queue.ack(queue.get())

        measure("persist-queue SQLiteAckQueue", count, queue.put, acked)


if __name__ == "__main__":
    main()
