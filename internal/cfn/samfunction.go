package cfn

import (
	"maps"
	"slices"
	"strings"
)

// functions makes the functions, who may call them, and the operations of their events.
func (s *sam) functions() {
	for _, id := range s.ids("AWS::Serverless::Function") {
		from := object(s.resources[id])
		p := object(from["Properties"])
		s.properties(id, "the property ", p, functionProperties)
		events := s.apiEvents(id, func(name, typ string, e map[string]any) { s.otherEvent(id, name, typ, e, from) })

		function := map[string]any{}
		take(function, p, `FunctionName Handler Runtime Description MemorySize Timeout VpcConfig Role Environment KmsKeyArn
			ReservedConcurrentExecutions Layers FileSystemConfigs ImageConfig PackageType Architectures SnapStart EphemeralStorage`)
		made := s.replace(id, "AWS::Lambda::Function", id, from, function)
		s.code(id, made, function, p)
		s.role(id, function, from, "lambda.amazonaws.com")
		if p["Environment"] != nil {
			if _, ok := p["Environment"].(map[string]any); !ok {
				s.refuse(id, "SAM refuses Environment: it is not an object")
			}
		}

		// With an alias it is the alias that is called.
		called, arn := ref(id), id+".Arn"
		if v := s.decided(p["AutoPublishAlias"]); pyTrue(v) {
			name, ok := v.(string)
			if !ok && !s.undecided(id, "AutoPublishAlias", v) {
				s.refuse(id, "SAM refuses AutoPublishAlias: it is a text or the Ref of a parameter")
			} else if ok {
				alias := id + "Alias" + strings.NewReplacer("-", "D", "_", "U").Replace(name)
				s.make(id+"Version", "AWS::Lambda::Version", id, from, map[string]any{"FunctionName": ref(id)})
				s.make(alias, "AWS::Lambda::Alias", id, from, map[string]any{"Name": name, "FunctionName": ref(id), "FunctionVersion": getAtt(id+"Version", "Version")})
				s.refs[id+".Version"], s.refs[id+".Alias"] = id+"Version", alias
				called, arn = ref(alias), alias
			}
		}
		if url, ok := p["FunctionUrlConfig"].(map[string]any); ok {
			s.functionURL(id, called, url, from)
		}
		s.invokeConfig(id, from, object(p["EventInvokeConfig"]))
		for _, e := range events {
			s.permit(e, called, from)
			s.functionRoute(e, arn)
		}
		for _, e := range s.httpEvents(id, from, true) {
			s.httpRoute(e, arn)
		}
	}
}

// code gives a function its code: inline, in a bucket, an image, or where it is on this machine, which is named in the
// metadata as the CDK does. Without any it is all that is beside the template.
func (s *sam) code(id string, made, function, p map[string]any) {
	uri := p["CodeUri"]
	kind := orElse(p["PackageType"], "Zip")
	m, isObject := uri.(map[string]any)
	path, isLocal := local(uri)
	switch {
	case kind == "Image":
		function["Code"] = map[string]any{}
		take(object(function["Code"]), p, "ImageUri")
		for _, name := range []string{"Handler", "Runtime", "Layers"} {
			if pyTrue(p[name]) {
				s.refuse(id, "SAM refuses "+name+" of a function with PackageType Image")
			}
		}
		return
	case kind != "Zip":
		s.refuse(id, "SAM refuses PackageType: it may be Zip or Image")
	case p["InlineCode"] != nil:
		function["Code"] = map[string]any{"ZipFile": p["InlineCode"]}
	case isObject && m["Bucket"] != nil && m["Key"] != nil:
		code := map[string]any{"S3Bucket": m["Bucket"], "S3Key": m["Key"]}
		take(code, map[string]any{"S3ObjectVersion": m["Version"]}, "S3ObjectVersion")
		function["Code"] = code
	case isObject:
		s.problem(id, "CodeUri is of a location that only the deployment knows", Unsupported)
	case isLocal || uri == nil || uri == "":
		if !isLocal {
			path = "."
		}
		metadata := maps.Clone(object(made["Metadata"]))
		if metadata["aws:asset:path"] == nil {
			metadata["aws:asset:path"] = path
		}
		made["Metadata"] = metadata
	default:
		if at, ok := bucketAndKey(scalar(uri)).(map[string]any); ok {
			code := map[string]any{"S3Bucket": at["Bucket"], "S3Key": at["Key"]}
			take(code, map[string]any{"S3ObjectVersion": at["Version"]}, "S3ObjectVersion")
			function["Code"] = code
		}
	}
	for _, name := range []string{"Handler", "Runtime"} {
		if !pyTrue(p[name]) {
			s.refuse(id, "SAM refuses a function without "+name+", which is required unless PackageType is Image")
		}
	}
}

// role makes the role of a function or a state machine that names none, or none in one case of an Fn::If.
func (s *sam) role(id string, properties, from map[string]any, service string) {
	role := getAtt(id+"Role", "Arn")
	made := map[string]any{"AssumeRolePolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": []any{"sts:AssumeRole"}, "Principal": map[string]any{"Service": []any{service}}}}}}
	given, ok := properties["Role"]
	if !ok {
		properties["Role"] = role
		s.make(id+"Role", "AWS::IAM::Role", id, from, made)
		return
	}
	branches, _ := object(given)["Fn::If"].([]any)
	if len(branches) != 3 {
		return
	}
	none := func(i int) bool { return object(branches[i])["Ref"] == "AWS::NoValue" }
	condition, _ := branches[0].(string)
	switch {
	case none(1) && none(2):
		properties["Role"] = role
		s.make(id+"Role", "AWS::IAM::Role", id, from, made)
	case none(1):
		properties["Role"] = map[string]any{"Fn::If": []any{condition, role, branches[2]}}
		s.make(id+"Role", "AWS::IAM::Role", id, from, made)["Condition"] = condition
	case none(2):
		properties["Role"] = map[string]any{"Fn::If": []any{condition, branches[1], role}}
		inner(s.root, "Conditions")["NOT"+condition] = map[string]any{"Fn::Not": []any{map[string]any{"Condition": condition}}}
		s.make(id+"Role", "AWS::IAM::Role", id, from, made)["Condition"] = "NOT" + condition
	}
}

// permit lets the API of an event call its function, in every stage.
func (s *sam) permit(e *samEvent, called any, from map[string]any) {
	path := e.path
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	method := strings.ToUpper(e.method)
	if method == "ANY" {
		method = "*"
	}
	api := orElse(e.properties["RestApiId"], ref(implicitAPI))
	s.make(e.owner+e.name+"Permission"+idPart(s.stage(e.api)), "AWS::Lambda::Permission", e.cause(), from, map[string]any{
		"Action": "lambda:InvokeFunction", "FunctionName": called, "Principal": "apigateway.amazonaws.com",
		"SourceArn": map[string]any{"Fn::Sub": []any{
			"arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/" + method + pathParameter.ReplaceAllString(path, "*"),
			map[string]any{"__ApiId__": api, "__Stage__": "*"}}},
	})
}

// functionURL makes the URL of a function, which everybody may call if it says so.
func (s *sam) functionURL(id string, called any, config, from map[string]any) {
	url := map[string]any{"TargetFunctionArn": called}
	take(url, config, "AuthType Cors InvokeMode")
	s.make(id+"Url", "AWS::Lambda::Url", id, from, url)
	if config["AuthType"] != "NONE" {
		return
	}
	s.make(id+"UrlPublicPermissions", "AWS::Lambda::Permission", id, from, map[string]any{
		"Action": "lambda:InvokeFunctionUrl", "FunctionName": called, "Principal": "*", "FunctionUrlAuthType": "NONE"})
	s.make(id+"URLInvokeAllowPublicAccess", "AWS::Lambda::Permission", id, from, map[string]any{
		"Action": "lambda:InvokeFunction", "FunctionName": called, "Principal": "*", "InvokedViaFunctionUrl": true})
}

// invokeConfig names what SAM makes for asynchronous calls.
func (s *sam) invokeConfig(id string, from, config map[string]any) {
	if len(config) == 0 {
		return
	}
	s.make(id+"EventInvokeConfig", "AWS::Lambda::EventInvokeConfig", id, from, map[string]any{})
	for _, on := range []string{"OnSuccess", "OnFailure"} {
		to := object(object(config["DestinationConfig"])[on])
		if destination := to["Destination"]; destination != nil && object(destination)["Fn::If"] == nil {
			continue
		}
		switch to["Type"] {
		case "SQS":
			s.refs[id+".DestinationQueue"] = id + "EventInvokeConfig" + on + "Queue"
			s.make(s.refs[id+".DestinationQueue"], "AWS::SQS::Queue", id, from, map[string]any{})
		case "SNS":
			s.refs[id+".DestinationTopic"] = id + "EventInvokeConfig" + on + "Topic"
			s.make(s.refs[id+".DestinationTopic"], "AWS::SNS::Topic", id, from, map[string]any{})
		}
	}
}

// What SAM makes for an event that is of no REST API: the type of the resource with the event's name, and what else there is.
var otherEvents = map[string][][2]string{
	"Schedule":            {{"", "AWS::Events::Rule"}, {"Permission", "AWS::Lambda::Permission"}},
	"CloudWatchEvent":     {{"", "AWS::Events::Rule"}, {"Permission", "AWS::Lambda::Permission"}},
	"EventBridgeRule":     {{"", "AWS::Events::Rule"}, {"Permission", "AWS::Lambda::Permission"}},
	"ScheduleV2":          {{"", "AWS::Scheduler::Schedule"}, {"Role", "AWS::IAM::Role"}},
	"SNS":                 {{"", "AWS::SNS::Subscription"}, {"Permission", "AWS::Lambda::Permission"}},
	"S3":                  {{"Permission", "AWS::Lambda::Permission"}},
	"Cognito":             {{"Permission", "AWS::Lambda::Permission"}},
	"AlexaSkill":          {{"Permission", "AWS::Lambda::Permission"}},
	"IoTRule":             {{"", "AWS::IoT::TopicRule"}, {"Permission", "AWS::Lambda::Permission"}},
	"CloudWatchLogs":      {{"", "AWS::Logs::SubscriptionFilter"}, {"Permission", "AWS::Lambda::Permission"}},
	"HttpApi":             {{"Permission", "AWS::Lambda::Permission"}},
	"SQS":                 {{"", "AWS::Lambda::EventSourceMapping"}},
	"Kinesis":             {{"", "AWS::Lambda::EventSourceMapping"}},
	"DynamoDB":            {{"", "AWS::Lambda::EventSourceMapping"}},
	"MSK":                 {{"", "AWS::Lambda::EventSourceMapping"}},
	"MQ":                  {{"", "AWS::Lambda::EventSourceMapping"}},
	"SelfManagedKafka":    {{"", "AWS::Lambda::EventSourceMapping"}},
	"DocumentDB":          {{"", "AWS::Lambda::EventSourceMapping"}},
	"StateMachine events": {{"", "AWS::Events::Rule"}, {"Role", "AWS::IAM::Role"}},
}

// otherEvent names what SAM makes for an event that is of no REST API.
func (s *sam) otherEvent(id, name, typ string, e, from map[string]any) {
	makes := otherEvents[typ]
	if from["Type"] == "AWS::Serverless::StateMachine" && typ != "ScheduleV2" {
		makes = otherEvents["StateMachine events"]
	}
	if makes == nil {
		s.refuse(id, "SAM refuses the event "+name+": there is no type "+textOf(e["Type"]))
	}
	for _, m := range makes {
		s.make(id+name+m[0], m[1], id+" event "+name, from, map[string]any{})
	}
}

// stateMachines makes the state machines, and the operations of their events.
func (s *sam) stateMachines() {
	for _, id := range s.ids("AWS::Serverless::StateMachine") {
		from := object(s.resources[id])
		p := object(from["Properties"])
		s.properties(id, "the property ", p, stateMachineProperties)
		events := s.apiEvents(id, func(name, typ string, e map[string]any) { s.otherEvent(id, name, typ, e, from) })
		machine := map[string]any{}
		take(machine, map[string]any{"StateMachineName": p["Name"], "StateMachineType": p["Type"], "Role": p["Role"]}, "StateMachineName StateMachineType Role")
		s.role(id, machine, from, "states.amazonaws.com")
		machine["RoleArn"] = machine["Role"]
		delete(machine, "Role")
		s.replace(id, "AWS::StepFunctions::StateMachine", id, from, machine)
		target := id
		if v := p["AutoPublishAlias"]; pyTrue(v) {
			alias := id + "Alias" + scalar(v)
			s.make(id+"Version", "AWS::StepFunctions::StateMachineVersion", id, from, map[string]any{"StateMachineArn": ref(id)})
			s.make(alias, "AWS::StepFunctions::StateMachineAlias", id, from, map[string]any{"Name": v})
			if p["UseAliasAsEventTarget"] == true {
				target = alias
			}
		}
		for _, e := range events {
			s.make(id+e.name+"Role", "AWS::IAM::Role", e.cause(), from, map[string]any{})
			s.machineRoute(e, target)
		}
	}
}

// machineRoute adds the operation that starts an execution of a state machine to the document of its API.
func (s *sam) machineRoute(e *samEvent, target string) {
	api := s.apis[e.api]
	if api == nil || !api.managed {
		return
	}
	properties := object(object(s.resources[e.api])["Properties"])
	doc, ok := properties["DefinitionBody"].(map[string]any)
	if !ok {
		return
	}
	if hasIntegration(doc, e.path, e.method) {
		s.refuse(e.owner, "SAM refuses the event "+e.name+": there is another event of "+strings.ToUpper(e.method)+" "+e.path)
		return
	}
	template := `{"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": "${` + target + `}"}`
	if pyTrue(e.properties["UnescapeMappingTemplate"]) {
		template = `{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")", "stateMachineArn": "${` + target + `}"}`
	}
	var uri any = sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution")
	if e.condition != "" {
		uri = conditional(e.condition, uri)
	}
	addOperation(doc, e, map[string]any{
		"type": "aws", "httpMethod": "POST", "uri": uri, "credentials": getAtt(e.owner+e.name+"Role", "Arn"),
		"responses":        map[string]any{"200": map[string]any{"statusCode": "200"}, "400": map[string]any{"statusCode": "400"}},
		"requestTemplates": map[string]any{"application/json": sub(template)},
	}, map[string]any{"200": map[string]any{"description": "OK"}, "400": map[string]any{"description": "Bad Request"}})
	if len(e.auth) > 0 {
		s.secureEvent(e, doc, properties, e.properties["Stage"])
	}
}

// others gives the rest of SAM's types their own: a table, a nested stack.
func (s *sam) others() {
	for _, id := range s.ids("AWS::Serverless::SimpleTable") {
		from := object(s.resources[id])
		s.replace(id, "AWS::DynamoDB::Table", id, from, map[string]any{})
	}
	for _, id := range s.ids("AWS::Serverless::Application") {
		from := object(s.resources[id])
		p := object(from["Properties"])
		stack := map[string]any{}
		take(stack, p, "Parameters NotificationARNs TimeoutInMinutes")
		if _, ok := p["Location"].(map[string]any); !ok {
			take(stack, map[string]any{"TemplateURL": p["Location"]}, "TemplateURL")
		} else {
			s.problem(id, "the application is of the Serverless Application Repository, and is not here", Elsewhere)
		}
		s.replace(id, "AWS::CloudFormation::Stack", id, from, stack)
	}
	for _, id := range s.ids("AWS::Serverless::CapacityProvider") {
		from := object(s.resources[id])
		if object(from["Properties"])["OperatorRole"] == nil {
			s.make(id+"OperatorRole", "AWS::IAM::Role", id, from, map[string]any{})
		}
	}
	s.httpAPIs()
	for _, id := range slices.Sorted(maps.Keys(s.resources)) {
		if r, ok := s.resources[id].(map[string]any); ok {
			delete(r, "Connectors")
			delete(r, "IgnoreGlobals")
		}
	}
}
