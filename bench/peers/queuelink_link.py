"""Objects through a QueueLink from one multiprocessing.Queue to one or three: prints `name items-a-second` lines."""
import multiprocessing as mp
import sys
import threading
import time

from queuelink import QueueLink


def item(n):
    return {"id": n, "name": "event", "ts": 1234567, "tags": ["a", "b"]}


def measure(count, fan_out):
    source = mp.Queue()
    destinations = [mp.Queue() for _ in range(fan_out)]
    for n in range(count):
        source.put(item(n))
    time.sleep(1)
    ends = [0.0] * fan_out

    def drain(index):
        for _ in range(count):
            destinations[index].get()
        ends[index] = time.perf_counter()

    drains = [threading.Thread(target=drain, args=(index,)) for index in range(fan_out)]
    start = time.perf_counter()
    link = QueueLink(source=source, destination=destinations)
    for thread in drains:
        thread.start()
    for thread in drains:
        thread.join()
    rate = count / (max(ends) - start)
    link.stop()
    return rate


if __name__ == "__main__":
    count = int(sys.argv[1])
    print("link, one to one", measure(count, 1))
    print("link, one to three", measure(count, 3))
