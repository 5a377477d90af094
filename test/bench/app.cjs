// The twin of app/main.go's form "plain", in JavaScript: plain CDK with
// defaultCorsPreflightOptions. Arguments: form, routes, origins, folder,
// and whether the template is to be without indentation.
const cdk = require("aws-cdk-lib");

const [form, routes, origins, outdir, compact] = process.argv.slice(2);
const app = new cdk.App({
  outdir,
  analyticsReporting: false,
  context: {
    "@aws-cdk/core:stackResourceLimit": 0,
    "@aws-cdk/core:suppressTemplateIndentation": compact === "true",
  },
});
const stack = new cdk.Stack(app, "Bench");
const start = process.hrtime.bigint();
if (form === "plain") {
  const { aws_apigateway: apigateway, aws_lambda: lambda } = cdk;
  const api = new apigateway.RestApi(stack, "Api", {
    defaultCorsPreflightOptions: {
      allowOrigins: Array.from({ length: Number(origins) }, (_, i) => `https://customer-${String(i).padStart(5, "0")}.example.com`),
      allowHeaders: ["content-type"],
      allowMethods: ["GET", "POST"],
    },
  });
  const fn = new lambda.Function(stack, "Handler", {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: "index.handler",
    code: lambda.Code.fromInline("exports.handler = async () => ({statusCode: 200})"),
  });
  for (let i = 0; i < Number(routes); i++) {
    const resource = api.root.addResource(`route${String(i).padStart(3, "0")}`);
    for (const method of ["GET", "POST"]) resource.addMethod(method, new apigateway.LambdaIntegration(fn));
  }
} else if (form !== "empty") {
  throw new Error(`there is no form ${form}`);
}
app.synth();
console.log((Number(process.hrtime.bigint() - start) / 1e6).toFixed(3));
