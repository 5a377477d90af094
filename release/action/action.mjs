// What action.yml runs: check on the head, diff of the base and the head, and the comment.
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, tmpdir } from "node:os";

const { env } = process;
const token = env.CORSGATE_TOKEN ?? "";
delete env.CORSGATE_TOKEN; // no command of the repository has it in its environment

// A command of the workflow, of one line.
const say = (kind, text) => console.log(`::${kind} title=corsgate::${text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")}`);

function fail(text) {
  say("error", text);
  process.exit(1);
}

const output = (name, value) => env.GITHUB_OUTPUT && appendFileSync(env.GITHUB_OUTPUT, `${name}=${value}\n`);
const summarize = (text) => env.GITHUB_STEP_SUMMARY && appendFileSync(env.GITHUB_STEP_SUMMARY, `${text}\n`);

const choose = (name, value, allowed) => allowed.includes(value) || fail(`${name} is "${value}"; want ${allowed.filter(Boolean).join(", ")}`);
choose("fail-on", env.CORSGATE_FAIL_ON ?? "", ["", "error", "warning", "info"]);
choose("diff-fail-on", env.CORSGATE_DIFF_FAIL_ON ?? "", ["change", "looser", "never"]);
choose("comment", env.CORSGATE_COMMENT ?? "", ["true", "false"]);

const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, "utf8"));
const pull = event.pull_request;
const directory = env.CORSGATE_DIRECTORY || ".";
const temp = mkdtempSync(join(env.RUNNER_TEMP || tmpdir(), "corsgate-"));
const root = process.cwd();
const head = join(root, directory);
existsSync(head) || fail(`working-directory: there is no ${directory}; is actions/checkout before this step?`);

function run(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (done.error) fail(`${program} cannot be run (${done.error.code})`);
  // A program that a signal ended, such as one that took too much memory, has no status. It did not succeed.
  done.status ??= 128 + constants.signals[done.signal];
  return done;
}

const corsgate = env.CORSGATE_PROGRAM || install();

function install() {
  const version = /^v?(\d{1,4}|\d+\.\d+|\d+\.\d+\.\d+(-[a-z]+\.\d+)?)$/.exec(env.CORSGATE_VERSION ?? "")?.[1] ?? "latest";
  const prefix = join(temp, "install");
  mkdirSync(prefix);
  const npm = run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", prefix, `corsgate@${version}`], { shell: process.platform === "win32" });
  if (npm.status !== 0) fail(`corsgate@${version} cannot be installed with npm; name another with version, or an installed one with program: ${npm.stderr.trim().split("\n")[0]}`);
  return join(prefix, "node_modules", ".bin", process.platform === "win32" ? "corsgate.cmd" : "corsgate");
}

// The templates of a working copy; undefined where the command that writes them fails.
function synthesize(where) {
  if (env.CORSGATE_SYNTH) {
    const done = run("bash", ["-e", "-o", "pipefail", "-c", env.CORSGATE_SYNTH], { cwd: where, stdio: "inherit" });
    if (done.status !== 0) return undefined;
  }
  return join(where, env.CORSGATE_TEMPLATES || "cdk.out");
}

// What the base has: a working copy of its own, so that the head's stays as it is.
function base() {
  const { sha } = pull.base;
  const where = join(temp, "base");
  const git = (...args) => run("git", ["-C", root, ...args]);
  if (git("cat-file", "-e", `${sha}^{commit}`).status !== 0) git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", sha);
  const added = git("worktree", "add", "--quiet", "--detach", where, sha);
  if (added.status !== 0) {
    return { why: `the base ${sha} is not in the repository and cannot be fetched` };
  }
  if (!existsSync(join(where, directory))) return { where, templates: undefined, why: `the base has no ${directory}` };
  const templates = synthesize(join(where, directory));
  return { where, templates: templates && existsSync(templates) ? templates : undefined, why: "its templates cannot be written" };
}

const isWindows = process.platform === "win32";
const tool = (args, options) => run(corsgate, args, { cwd: head, shell: isWindows, ...options });

const templates = synthesize(head) ?? fail(`synth failed: ${env.CORSGATE_SYNTH}`);
const shown = env.CORSGATE_TEMPLATES || "cdk.out"; // as annotations name it
existsSync(templates) || fail(`templates: there is no ${shown} in ${directory}; name what synth writes`);

console.log("::group::corsgate check");
const failOn = env.CORSGATE_FAIL_ON ? ["--fail-on", env.CORSGATE_FAIL_ON] : [];
const check = tool(["check", shown, "--format", "github", ...failOn], { stdio: ["ignore", "inherit", "inherit"] });
console.log("::endgroup::");
const sarif = tool(["check", shown, "--format", "sarif", ...failOn]);
if (sarif.stdout) {
  const file = join(temp, "corsgate.sarif");
  writeFileSync(file, sarif.stdout);
  output("sarif", file);
}

const ended = (command, status) => `${command} ended with status ${status} before it was done; it may need more memory`;
let failed = false;
if (check.status === 1) failed = true;
if (check.status > 1) {
  say("error", { 2: "check could not be run; its line says why", 3: "check: something could not be read or judged; its lines say what" }[check.status] ?? ended("check", check.status));
  failed = true;
}

if (pull) await compare();

async function compare() {
  const old = base();
  try {
    if (!old.templates) return await notCompared(old.why);
    const diff = tool(["diff", old.templates, shown, "--format", "markdown"]);
    process.stderr.write(diff.stderr.replaceAll(temp, ""));
    const on = env.CORSGATE_DIFF_FAIL_ON;
    const stopped = (status) => {
      if (on === "never") return;
      say("error", `diff-fail-on: ${ended("diff", status)}`);
      failed = true;
    };
    if (diff.status > 3) {
      stopped(diff.status);
      return await notCompared(`${ended("diff", diff.status)}`);
    }
    if (diff.status > 1 && !diff.stdout) return await notCompared("the log of this step says why");
    if (diff.status < 2) output("changed", String(diff.status === 1)); // otherwise it is not known
    const something = diff.status !== 0;
    let where = "the job's summary";
    if (something && Buffer.byteLength(diff.stdout) > 1000 * 1024) { // GitHub takes a summary of 1 MiB
      where = "the log of this step";
      console.log("::group::corsgate diff");
      tool(["diff", old.templates, shown, "--format", "text"], { stdio: ["ignore", "inherit", "inherit"] });
      console.log("::endgroup::");
      summarize(`What changes for browsers is longer than a summary may be; it is in ${where}.`);
    } else if (something) summarize(diff.stdout);
    await comment(something ? diff.stdout : "", where);
    if (on === "never") return;
    const { status } = tool(["diff", old.templates, shown, "--format", "text", "--fail-on", on]);
    if (status === 1) {
      say("error", on === "looser" ? "something is allowed that was not" : "something changes for browsers");
      failed = true;
    } else if (status > 3) {
      stopped(status);
    } else if (status !== 0) {
      say("warning", `diff-fail-on: ${on} passes, but not all could be compared; the diff says what`);
    }
  } finally {
    if (old.where) run("git", ["-C", root, "worktree", "remove", "--force", old.where]);
  }
}

// A comment that is there tells of an earlier push; without one there is nothing to correct.
async function notCompared(why) {
  say("warning", `nothing is compared: ${why}`);
  await comment(`The newest push is not compared with the base: ${why}.\n`, "", true);
}

// Posts the comment, updates the one that is there, or removes it where there is nothing to say. What is too long for it is where
// the caller says.
async function comment(text, elsewhere, onlyUpdate) {
  if (env.CORSGATE_COMMENT !== "true" || !token) return;
  if (pull.head.repo?.full_name !== event.repository.full_name) {
    if (text && elsewhere) console.log(`corsgate: a pull request of a fork: its token may not comment; the diff is in ${elsewhere}`);
    return;
  }
  // One comment for each folder and, beside the default, each template of a repository.
  const app = [directory, ...(shown === "cdk.out" ? [] : [shown])].map((s) => encodeURIComponent(s).replaceAll("%2F", "/"));
  const marker = `<!-- corsgate diff ${app.join(" ")} -->`;
  const comments = `${env.GITHUB_API_URL}/repos/${env.GITHUB_REPOSITORY}/issues/${pull.number}/comments`;
  try {
    const mine = await author();
    let found;
    for (let page = 1; !found; page++) {
      const list = await api("GET", `${comments}?per_page=100&page=${page}`);
      found = list.find((c) => c.body?.startsWith(marker) && mine(c.user));
      if (list.length < 100) break;
    }
    const at = found && `${env.GITHUB_API_URL}/repos/${env.GITHUB_REPOSITORY}/issues/comments/${found.id}`;
    const most = 65536;
    let body = `${marker}\n${text}`;
    if (body.length > most) body = `${marker}\nWhat changes for browsers is longer than a comment may be; it is in ${elsewhere}.\n`;
    if (onlyUpdate && !found) return;
    if (!text) return found && (await api("DELETE", at));
    if (!found) return await api("POST", comments, { body });
    if (found.body.trim() !== body.trim()) await api("PATCH", at, { body });
  } catch (err) {
    const where = elsewhere && text ? `; the diff is in ${elsewhere}` : "";
    if (err.status === 403 || err.status === 404) {
      say("warning", `the token may not comment: give the job "permissions: {contents: read, pull-requests: write}", or set comment: false${where}`);
    } else {
      say("warning", `there is no comment: ${err.message}${where}`);
    }
  }
}

// Who comments with this token: a user, or a bot, which may not ask for its name.
async function author() {
  try {
    const { login } = await api("GET", `${env.GITHUB_API_URL}/user`);
    return (user) => user?.login === login;
  } catch (err) {
    if (err.status !== 403 && err.status !== 404) throw err;
    return (user) => user?.type === "Bot";
  }
}

async function api(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28", "user-agent": "corsgate" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30000),
  });
  if (!response.ok) throw Object.assign(new Error(`${method} ${new URL(url).pathname}: status ${response.status}`), { status: response.status });
  return response.status === 204 ? undefined : response.json();
}

process.exit(failed ? 1 : 0);
