'use strict';

module.exports = {
  // Long enough for a loaded machine: a test that needs it has hung.
  timeout: 20000,
  // Never force the exit: a socket that somebody forgot shows as a hang.
  exit: false,
  forbidOnly: Boolean(process.env.CI),
};
