package gateway

import "testing"

// TestForeign holds that a function that is in another stack may have its permission there, and that an action has no case.
func TestForeign(t *testing.T) {
	for _, tt := range []struct {
		name, target, permission string
		closed, foreign          bool
	}{
		{"in other letters", "!Ref Fn", "Action: lambda:invokeFunctionURL, FunctionName: !Ref Fn, Principal: '*'", false, false},
		{"none", "!Ref Fn", "Action: lambda:InvokeFunction, FunctionName: !Ref Fn, Principal: '*'", true, false},
		{"a function of another stack", "far", "Action: lambda:InvokeFunctionUrl, FunctionName: !Ref Fn, Principal: '*'", false, true},
		{"by its ARN", "arn:aws:lambda:us-east-1:111111111111:function:far", "Action: lambda:InvokeFunctionUrl, FunctionName: !Ref Fn, Principal: '*'", false, true},
		{"with a permission", "far", "Action: lambda:InvokeFunctionUrl, FunctionName: 'arn:aws:lambda:us-east-1:111111111111:function:far', Principal: '*'", false, false},
		{"imported", "!ImportValue far", "Action: lambda:InvokeFunction, FunctionName: !Ref Fn, Principal: '*'", false, true},
		{"imported, with a permission", "!ImportValue far", "Action: lambda:InvokeFunctionUrl, FunctionName: !ImportValue far, Principal: '*'", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := Load(app(t, "Resources:\n  Fn: {Type: AWS::Lambda::Function, Properties: {FunctionName: shop}}\n  Url: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: "+tt.target+"}}\n"+
				"  May: {Type: AWS::Lambda::Permission, Properties: {"+tt.permission+"}}\n"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Closed() != tt.closed || a.Foreign() != tt.foreign {
				t.Errorf("nobody may call it: %v; the permission may be elsewhere: %v", a.Closed(), a.Foreign())
			}
		})
	}
}
