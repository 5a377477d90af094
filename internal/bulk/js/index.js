"use strict";
// What corsgate does to many constructs at once. It runs in the CDK's process,
// where reading a property costs nothing; see bulk.go. It decides nothing.
const { Stack } = require("aws-cdk-lib");
const { CfnMethod } = require("aws-cdk-lib/aws-apigateway");
const { CfnPermission } = require("aws-cdk-lib/aws-lambda");
const { Construct } = require("constructs");

const classes = {
  [CfnMethod.CFN_RESOURCE_TYPE_NAME]: CfnMethod,
  [CfnPermission.CFN_RESOURCE_TYPE_NAME]: CfnPermission,
};

// isPlain reports whether JSON can hold v: what it cannot hold only the CDK can
// read, by resolving it.
function isPlain(v) {
  if (v === null || typeof v !== "object") return typeof v !== "function";
  if (Array.isArray(v)) return v.every(isPlain);
  return Object.getPrototypeOf(v) === Object.prototype && Object.values(v).every(isPlain);
}

class Bulk {
  // read gives what it found as JSON, and after it the constructs: each stack,
  // then each that was found and the one it stands in.
  static read(root, stack, query) {
    const wanted = JSON.parse(query);
    const stacks = [];
    const found = [];
    const constructs = [];
    const nodes = root.node.findAll();
    nodes.forEach((node, at) => {
      if (Stack.isStack(node)) {
        stacks.push({ construct: node, at, to: at + node.node.findAll().length });
        return;
      }
      const want = wanted[node.cfnResourceType];
      if (!want) return;
      const given = node.cfnProperties;
      if (want.of && !want.of.includes(want.by ? given[want.by] : node.ref)) return;
      const properties = {};
      const resolved = {};
      for (const [name, value] of Object.entries(given)) {
        const opaque = !isPlain(value);
        if (opaque || want.resolve?.includes(name)) resolved[name] = stack.resolve(value);
        properties[name] = opaque ? resolved[name] : value;
      }
      found.push({ at, path: node.node.path, ref: node.ref, logicalID: stack.resolve(node.logicalId), properties, resolved });
      constructs.push(node, node.node.scope);
    });
    const answer = { count: nodes.length, stacks: stacks.map(({ at, to }) => ({ at, to })), found };
    return [JSON.stringify(answer), ...stacks.map((s) => s.construct), ...constructs];
  }

  // create makes the resources of one class. The last of a resource's ids is its
  // own, those before it are of constructs around it.
  static create(type, scopes, resources) {
    return JSON.parse(resources).map(({ ids, properties }, i) => {
      const scope = ids.slice(0, -1).reduce((around, id) => new Construct(around, id), scopes[i]);
      return new classes[type](scope, ids.at(-1), properties);
    });
  }

  static remove(constructs) {
    constructs.forEach(({ node }) => node.scope.node.tryRemoveChild(node.id));
  }
}

exports.Bulk = Bulk;
