/** How the command line names a queue. */
export const FORMS = 'shm:NAME, shm:NAME@RUN, durable:PATH, unix:PATH or tcp:HOST:PORT'
