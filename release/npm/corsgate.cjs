#!/usr/bin/env node
"use strict";

// Runs the program of this platform, which is in a package of its own: npm installs that one of the optional dependencies
// whose os and cpu fit.
const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { optionalDependencies } = require("./package.json");

const platform = `${process.platform}-${process.arch}`;
const name = `@corsgate/${platform}`;

function fail(message) {
  process.stderr.write(`corsgate: ${message}\n`);
  process.exit(2);
}

if (!(name in optionalDependencies)) {
  fail(`there is no program for ${platform}; build it with Go: go install github.com/corsgate/corsgate/apps/corsgate@latest`);
}
let program;
try {
  program = require.resolve(`${name}/bin/corsgate${process.platform === "win32" ? ".exe" : ""}`);
} catch {
  fail(`the package ${name} is not installed; install again with optional dependencies: npm install --include=optional corsgate`);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (err) => fail(`${program} cannot be run (${err.code}); install corsgate again`));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
