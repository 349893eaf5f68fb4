/** Offers the suite to whoever drives the page. */
import { runSuite } from './suite.mjs'

globalThis.runSuite = runSuite
