#!/usr/bin/env node
import process from 'node:process'
import { report } from './describe-error.js'
import { ExitCode } from './exit-code.js'
import { leave } from './leave.js'
import { program } from './program.js'
import { watchStdout } from './stdout-gone.js'

// Whatever goes wrong is one line. A reader of stdout that has gone is no error: `| head` does that.
process.on('uncaughtException', error => {
  report(error)
  leave(ExitCode.failed)
})
watchStdout(() => leave(ExitCode.pipeClosed))

leave(await program(process.argv.slice(2)))
