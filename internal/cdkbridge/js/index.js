"use strict";
// What corsgate does to many constructs at once. It runs in the CDK's process,
// where reading a property costs nothing; see cdkbridge.go. It decides nothing.
const { createHash } = require("crypto");
const { CfnResource, DefaultTokenResolver, Lazy, Reference, Stack, StringConcat, Tokenization, attachCustomSynthesis } = require("aws-cdk-lib");
const { CfnGatewayResponse, CfnMethod } = require("aws-cdk-lib/aws-apigateway");
const { CfnPermission } = require("aws-cdk-lib/aws-lambda");
const { Construct } = require("constructs");

const classes = Object.fromEntries([CfnMethod, CfnGatewayResponse, CfnPermission].map((c) => [c.CFN_RESOURCE_TYPE_NAME, c]));

// isPlain reports whether JSON can hold v: what it cannot hold only the CDK can
// read, by resolving it.
function isPlain(v) {
  if (v === null || typeof v !== "object") return typeof v !== "function";
  if (Array.isArray(v)) return v.every(isPlain);
  return Object.getPrototypeOf(v) === Object.prototype && Object.values(v).every(isPlain);
}

// resolver resolves, the same string once in a stack: methods share functions.
function resolver() {
  const known = new Map();
  return (stack, v) => {
    if (typeof v !== "string") return stack.resolve(v);
    if (!known.has(stack)) known.set(stack, new Map());
    const strings = known.get(stack);
    if (!strings.has(v)) strings.set(v, stack.resolve(v));
    return strings.get(v);
  };
}

// overrides resolves what overrides set. A property that they remove is null.
function overrides(stack, v, resolve) {
  if (v === undefined) return null;
  if (v === null || typeof v !== "object" || Object.getPrototypeOf(v) !== Object.prototype) return resolve(stack, v);
  return Object.fromEntries(Object.entries(v).map(([name, of]) => [name, overrides(stack, of, resolve)]));
}

function metadata(node, keys, resolve) {
  const given = node.cfnOptions.metadata ?? {};
  const found = keys.filter((key) => given[key] !== undefined);
  return found.length === 0 ? undefined : resolve(node.stack, Object.fromEntries(found.map((key) => [key, given[key]])));
}

// setOverride is addPropertyOverride. Where an override on the path is a list, it changes
// that: the CDK would put an object in its place.
function setOverride(resource, path, value, remove) {
  const steps = path.split(/(?<!\\)\./).map((s) => s.replaceAll("\\.", "."));
  let at = resource.rawOverrides.Properties;
  let i = 0;
  while (i < steps.length && at && typeof at === "object" && !Array.isArray(at)) at = at[steps[i++]];
  if (!Array.isArray(at) || i === steps.length) {
    if (remove) resource.addPropertyDeletionOverride(path);
    else resource.addPropertyOverride(path, value);
    return;
  }
  for (; i < steps.length - 1; i++) at = at[steps[i]] ??= {};
  if (remove) delete at[steps[i]];
  else at[steps[i]] = value;
}

// Referring notes what is referred to in what it resolves.
class Referring extends DefaultTokenResolver {
  constructor() {
    super(new StringConcat());
    this.targets = new Set();
  }

  resolveToken(token, context, postProcessor) {
    if (Reference.isReference(token)) this.targets.add(token.target);
    return super.resolveToken(token, context, postProcessor);
  }
}

function referredTo(scope, value) {
  const resolver = new Referring();
  Tokenization.resolve(value, { scope, resolver, preparing: true });
  return [...resolver.targets];
}

// before gives what CloudFormation makes before a resource.
function before(resource) {
  const constructs = resource.node.scopes.flatMap((s) => s.node.dependencies);
  const resources = [
    ...referredTo(resource, [resource.cfnProperties, resource.rawOverrides]),
    ...resource.obtainDependencies(),
    ...constructs.flatMap((c) => c.node.findAll()),
  ];
  return resources.filter((r) => CfnResource.isCfnResource(r));
}

function isMarked({ node }, mark) {
  return mark !== "" && node.metadata.some((m) => m.type === mark);
}

function keepLogicalID(resource) {
  const id = resource.stack.resolve(resource.logicalId);
  try {
    resource.overrideLogicalId(id);
  } catch {
    // The CDK has exported the id and locked it: it is the same without this.
  }
}

class Bulk {
  // read gives what it found as JSON, and after it the constructs: each stack,
  // then what was wanted of each resource, then those that are only marked.
  static read(root, query) {
    const { wants, mark } = JSON.parse(query);
    const resolve = resolver();
    const marked = [];
    const stacks = [];
    const found = [];
    const constructs = [];
    for (const node of root.node.findAll()) {
      if (Stack.isStack(node)) {
        stacks.push({ construct: node, types: {} });
        continue;
      }
      const type = node.cfnResourceType;
      if (!type) {
        if (isMarked(node, mark) && !node.node.defaultChild) marked.push(node);
        continue;
      }
      const { types } = stacks.find((s) => s.construct === node.stack);
      types[type] = (types[type] ?? 0) + 1;
      const want = wants[type];
      if (!want) continue;
      const given = node.cfnProperties;
      if (want.of && !want.of.includes(want.by ? given[want.by] : node.ref)) continue;
      if (want.brief) {
        found.push({ type });
        continue;
      }
      const properties = {};
      for (const [name, value] of Object.entries(given)) {
        if (want.only && !want.only.includes(name)) continue;
        properties[name] = isPlain(value) ? value : resolve(node.stack, value);
      }
      const resolved = {};
      for (const path of want.resolve ?? []) {
        resolved[path] = resolve(node.stack, path.split(".").reduce((v, name) => v?.[name], properties)) ?? null;
      }
      found.push({
        type, properties, resolved, path: node.node.path,
        ref: want.ref && node.ref,
        overrides: node.rawOverrides.Properties && overrides(node.stack, node.rawOverrides.Properties, resolve),
        metadata: metadata(node, want.metadata ?? [], resolve),
        logicalID: want.logicalID && node.stack.resolve(node.logicalId),
        marked: isMarked(node, mark) || node.getMetadata(mark) !== undefined,
        altered: Object.keys(node.rawOverrides).length > 0 ||
          Object.entries(node.cfnOptions).some(([name, o]) => name !== "metadata" && o !== undefined),
      });
      if (want.node) constructs.push(node);
      if (want.scope) constructs.push(node.node.scope);
    }
    const answer = {
      stacks: stacks.map(({ construct, types }) => ({
        path: construct.node.path, nested: construct.nestedStackParent !== undefined,
        dependsOn: construct.dependencies.map((d) => d.node.path), types,
      })),
      found,
    };
    return [JSON.stringify(answer), ...stacks.map((s) => s.construct), ...constructs, ...marked];
  }

  // create makes resources. The last of a resource's ids is its own, those before it
  // are of constructs around it.
  static create(scopes, resources) {
    return JSON.parse(resources).map(({ type, ids, properties, metadata }, i) => {
      const scope = ids.slice(0, -1).reduce((around, id) => new Construct(around, id), scopes[i]);
      const made = new classes[type](scope, ids.at(-1), properties);
      for (const [key, value] of Object.entries(metadata ?? {})) made.addMetadata(key, value);
      return made;
    });
  }

  static override(resources, overrides) {
    JSON.parse(overrides).forEach((o, i) => {
      if (o.reset) resources[i][o.path] = o.value;
      else setOverride(resources[i], o.path, o.value, o.delete);
    });
  }

  static remove(root, paths) {
    for (const path of paths) {
      const ids = path.split("/").slice(root.node.id === "" ? 0 : 1);
      const id = ids.pop();
      ids.reduce((scope, id) => scope.node.findChild(id), root).node.tryRemoveChild(id);
    }
  }

  // set gives a property a value, which follows the names in it: an aspect may still
  // change what they stand for.
  static set(resource, name, value, names) {
    let made, known;
    resource[name] = Lazy.uncachedAny({
      produce(context) {
        const ids = names.map((n) => context.resolve(n));
        if (ids.join() !== made?.join()) {
          made = ids;
          known = JSON.parse(names.reduce((text, n, i) => text.replaceAll(n, () => ids[i]), value));
        }
        return known;
      },
    });
  }

  // settle waits until all is known that the ids are made of: the CDK works out a
  // deployment's from the whole API each time that it comes across one.
  static settle(leaf, resources) {
    attachCustomSynthesis(leaf, { onSynthesize: () => resources.forEach(keepLogicalID) });
  }

  // way gives the paths of resources from one that a value refers to, to one of these
  // paths, each made before the one in front of it; none if there is no such way.
  static way(scope, value, to) {
    const from = new Map();
    const queue = referredTo(scope, value).filter((r) => CfnResource.isCfnResource(r));
    queue.forEach((r) => from.set(r, undefined));
    for (const r of queue) {
      if (to.includes(r.node.path)) {
        const path = [];
        for (let at = r; at; at = from.get(at)) path.unshift(at.node.path);
        return path;
      }
      for (const next of before(r)) {
        if (from.has(next)) continue;
        from.set(next, r);
        queue.push(next);
      }
    }
    return [];
  }

  static digest(stack, value) {
    return createHash("sha256").update(JSON.stringify(stack.resolve(JSON.parse(value)))).digest("hex");
  }
}

exports.Bulk = Bulk;
