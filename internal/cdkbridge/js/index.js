"use strict";
// What corsgate does to many constructs at once. It runs in the CDK's process,
// where reading a property costs nothing; see cdkbridge.go. It decides nothing.
const { createHash } = require("crypto");
const { Lazy, Stack, attachCustomSynthesis } = require("aws-cdk-lib");
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
        properties[name] = isPlain(value) ? value : resolve(node.stack, value);
      }
      const resolved = {};
      for (const path of want.resolve ?? []) {
        resolved[path] = resolve(node.stack, path.split(".").reduce((v, name) => v?.[name], properties));
      }
      found.push({
        type, properties, resolved, path: node.node.path,
        ref: want.ref && node.ref,
        overrides: want.overrides && resolve(node.stack, node.rawOverrides.Properties),
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
    return JSON.parse(resources).map(({ type, ids, properties }, i) => {
      const scope = ids.slice(0, -1).reduce((around, id) => new Construct(around, id), scopes[i]);
      return new classes[type](scope, ids.at(-1), properties);
    });
  }

  static override(resources, overrides) {
    JSON.parse(overrides).forEach((o, i) => {
      if (o.reset) resources[i][o.path] = o.value;
      else if (o.delete) resources[i].addPropertyDeletionOverride(o.path);
      else resources[i].addPropertyOverride(o.path, o.value);
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

  static digest(stack, value) {
    return createHash("sha256").update(JSON.stringify(stack.resolve(JSON.parse(value)))).digest("hex");
  }
}

exports.Bulk = Bulk;
