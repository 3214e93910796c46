"""Objects through multiprocessing.Queue, one producer, one consumer: prints items a second."""
import multiprocessing as mp
import sys
import time


def produce(queue, count):
    for n in range(count):
        queue.put({"id": n, "name": "event", "ts": 1234567, "tags": ["a", "b"]})


def main():
    count = int(sys.argv[1])
    queue = mp.Queue(1024)
    producer = mp.Process(target=produce, args=(queue, count))
    producer.start()
    queue.get()
    start = time.perf_counter()
    for _ in range(count - 1):
        queue.get()
    print("multiprocessing.Queue", (count - 1) / (time.perf_counter() - start))
    producer.join()


if __name__ == "__main__":
    main()
