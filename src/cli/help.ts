export const EXAMPLES = `
Examples:
  # A stream into a file and through a command; both hold every line when it ends.
  seq 1 1000000 | queuelink link - numbers.txt exec:'gzip > numbers.gz'

  # A million JSON records through a function of yours, eight at a time, in a process of its own.
  queuelink link --as json --each ./steps.js#enrich --concurrency 8 orders.ndjson enriched.ndjson

  # Any bytes, unchanged, from a command to two places at once; the numbers go to a script.
  queuelink link --as bytes --json exec:'tar c src' src.tar exec:'ssh backup tee src.tar'
`

export const ENDPOINTS = `
Endpoints:
  -             stdin as the source, stdout as a destination
  file:PATH     a file; a bare PATH means the same
  exec:COMMAND  a command line for the shell: its stdout as the source, its stdin as a destination
  shm:NAME      a shared queue, which is made if it is not there; shm:NAME@RUN with a run id
  durable:PATH  a durable queue, which is made if it is not there
  unix:PATH, tcp:HOST:PORT
                a hosted queue; its token is in the environment variable QUEUELINK_TOKEN

Every item of the source reaches every destination. Reading goes no further than the slowest of them has
stored, so that memory stays small however long the stream is. The first Ctrl-C stops reading, stores what is
under way and says how much it was; the second leaves at once.
`

export const EXIT_CODES = `
Exit codes:
  0    everything is stored in every destination
  1    something failed: a file, a command (its own exit code is in the message), a step
  2    the command line is wrong; nothing was opened
  130  stopped by Ctrl-C (SIGINT), what was under way is stored; 143 likewise by SIGTERM
  141  the reader of stdout has gone, as with | head
`

export const GRAPH_EXIT_CODES = `
The first Ctrl-C stops reading, and lets what is under way and in the queues of the graph get where it belongs; the
second leaves at once.

Exit codes:
  0    all links are done
  1    a link failed; its name is in the message
  2    the module is none, or has no graph, or one that cannot be; nothing was opened
  130  stopped by Ctrl-C (SIGINT); 143 likewise by SIGTERM
`
