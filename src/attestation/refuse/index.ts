/**
 * The refusing policy by itself: clients load it when they were given no policy, and should not load verifiers for that.
 *
 * @module
 */
export { refuseAll } from '../refuse-all.js'
