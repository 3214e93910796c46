import module from 'node:module'

// The child process of a link begins here, with next to nothing. From Node 22.1 on, what was compiled once need not be again:
// that serves what is loaded after it is there.
;(module as { enableCompileCache?(): unknown }).enableCompileCache?.()
// What is found by its place is named here: this file keeps its own where it is bundled.
const watchdog = new URL('./watchdog.js', import.meta.url)
void import('./child-main.js').then(({ main }) => main(watchdog))
