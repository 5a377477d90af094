package cors_test

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/corsgate/corsgate/constructs/cors"
)

var update = flag.Bool("update", false, "write parents.txt anew")

// rules returns the rules of the list that golang.org/x/net has compiled.
func rules(t *testing.T) []string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/net").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(strings.TrimSpace(string(dir)), "publicsuffix", "table_test.go")
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "rules" {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			rule, err := strconv.Unquote(e.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, rule)
		}
		return false
	})
	if len(all) < 10_000 {
		t.Fatalf("%s has %d rules", file, len(all))
	}
	return all
}

// above returns the domains above one, nearest first.
func above(domain string) (all []string) {
	for _, up, ok := strings.Cut(domain, "."); ok; _, up, ok = strings.Cut(up, ".") {
		all = append(all, up)
	}
	return all
}

// The table is that of the list which is compiled in.
func TestParents(t *testing.T) {
	isParent := map[string]bool{}
	for _, rule := range rules(t) {
		for _, domain := range above(strings.TrimPrefix(rule, "!")) {
			if suffix, _ := publicsuffix.PublicSuffix(domain); suffix != domain {
				isParent[domain] = true
			}
		}
	}
	var domains []string
	for domain := range isParent {
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	want := fmt.Sprintf("# Domains above a public suffix, by go generate from %s\n%s\n", publicsuffix.List, strings.Join(domains, "\n"))
	if *update {
		if err := os.WriteFile("parents.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("parents.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("parents.txt is not of the list in golang.org/x/net: run go generate in constructs/cors")
	}
}

// refused returns what is wrong with a pattern of subdomains, with credentials
// and without, nil if it is allowed. It checks that both are alike and that
// DangerouslyAllowPublicSuffixes lifts the one and not the other.
func refused(t *testing.T, pattern string) *cors.OriginError {
	t.Helper()
	var faults []*cors.OriginError
	for _, credentials := range []bool{false, true} {
		cfg := cors.Config{Origins: []string{pattern}, Credentials: credentials}
		var fault *cors.OriginError
		if _, err := cors.New(cfg); err != nil && !errors.As(err, &fault) {
			t.Fatalf("%s: %v", pattern, err)
		}
		faults = append(faults, fault)
	}
	if (faults[0] == nil) != (faults[1] == nil) || faults[0] != nil && *faults[0] != *faults[1] {
		t.Errorf("%s: %v without credentials, %v with them", pattern, faults[0], faults[1])
	}
	_, err := cors.New(cors.Config{Origins: []string{pattern}, Credentials: true, DangerouslyAllowPublicSuffixes: true})
	if suffix := faults[1] != nil && faults[1].Reason == cors.OriginPublicSuffix; (suffix || faults[1] == nil) != (err == nil) {
		t.Errorf("%s with DangerouslyAllowPublicSuffixes: %v", pattern, err)
	}
	return faults[1]
}

// No rule of the list is allowed, nor anything above one; a domain of one's own
// below it is.
func TestEveryPublicSuffix(t *testing.T) {
	const own = "corsgate-test"
	// Where a name of one label more than the suffix is not yet one's own.
	deeper := []string{"elasticbeanstalk.com", "azurewebsites.net", "web.core.windows.net", "azurestaticapps.net",
		"azurefd.net", "azure-api.net", "azurewebsites.us", "web.core.usgovcloudapi.net", "vusercontent.net"}
	nobodys := []string{".amazonaws.com", ".amazonaws.com.cn", ".on.aws", ".azurestaticapps.net",
		".amazonwebservices.eu", ".amazonwebservices.com.cn", "googleapis.com", "googleusercontent.com"}
	seen := map[string]bool{}
	check := func(base string, allowed bool) {
		if seen[base] {
			return
		}
		seen[base] = true
		fault := refused(t, "https://*."+base)
		switch {
		case allowed && fault != nil:
			t.Errorf("%s is somebody's own: %v", base, fault)
		case !allowed && (fault == nil || fault.Reason != cors.OriginPublicSuffix):
			t.Errorf("%s is nobody's own: %v", base, fault)
		}
	}
	all := rules(t)
	for _, rule := range all {
		suffix := strings.Replace(rule, "*", own, 1)
		if except, ok := strings.CutPrefix(rule, "!"); ok {
			check(except, true)
			for _, domain := range above(except) {
				check(domain, false)
			}
			continue
		}
		if peer, _ := publicsuffix.PublicSuffix(suffix); peer != suffix {
			t.Errorf("the peer takes %s for the suffix of rule %s", peer, rule)
		}
		check(suffix, false)
		for _, domain := range above(suffix) {
			check(domain, false)
		}
		below := func(domain string) bool { return strings.HasSuffix(suffix, domain) }
		check("own-"+own+"."+suffix, !slices.Contains(deeper, suffix) && !slices.ContainsFunc(nobodys, below))
	}
	t.Logf("%d rules, %d patterns", len(all), len(seen))
}

// What can be said of single bases. An empty want is allowed; any other is part
// of the message.
func TestSubdomainPatterns(t *testing.T) {
	const (
		own      = "name the domains that are yours"
		unknown  = "exact origins or domains that are yours, or set DangerouslyAllowPublicSuffixes"
		parent   = "public suffixes below it"
		aws      = "exact origin of your bucket, API, load balancer or instance"
		bucket   = "exact origin of your bucket, or give it"
		azure    = "exact origin of your resource"
		tunnel   = "exact origin of your tunnel"
		address  = "whoever has an address has names there"
		amplify  = `"https://*.APPID.amplifyapp.com"`
		vercel   = "Preview Deployment Suffix"
		netlify  = "automatic deploy subdomains"
		pages    = `"https://*.PROJECT.pages.dev"`
		cognito  = "user pool's domain"
		function = "exact origin of your function URL"
	)
	for _, tt := range []struct{ base, want, why string }{
		// The issue's.
		{"amazonaws.com", aws, "every bucket, every API"},
		{"on.aws", function, "every function URL"},
		{"windows.net", azure, "every static website of Azure Storage"},
		{"compute.amazonaws.com", aws, "every instance of a region"},
		{"amazoncognito.com", cognito, "every user pool"},
		{"awsapprunner.com", "exact origin of your service", "every service"},
		{"azure.com", azure, "every machine below cloudapp.azure.com"},
		{"github.dev", "exact origin of your environment", "every codespace"},
		{"devtunnels.ms", tunnel, "every tunnel"},
		{"nip.io", address, "every address"},
		{"sslip.io", address, "every address"},
		{"localhost", "", "this machine's own (RFC 6761, 6.3)"},

		// Registries.
		{"com", own, "a rule of one label"},
		{"com.", own, "the absolute name"},
		{"com:8443", own, "a port changes nothing"},
		{"com:*", own, "any port changes nothing"},
		{"uk", own, "a rule, and above others"},
		{"co.uk", own, "a rule of two labels"},
		{"co.uk.", own, "the absolute name"},
		{"co.uk:*", own, "any port"},
		{"gov.uk", own, "a rule of two labels"},
		{"xn--p1ai", own, "a top-level domain in Punycode"},
		{"xn--55qx5d.cn", own, "a suffix in Punycode"},
		{"app", own, "a registry of a company"},
		{"aws", own, "a registry of a company, above on.aws"},
		{"ck", own, "above the rule *.ck"},
		{"co.ck", own, "by the rule *.ck"},
		{"www.ck", "", "the exception !www.ck"},
		{"shop.co.ck", "", "below a suffix of *.ck"},
		{"kawasaki.jp", parent, "above the rule *.kawasaki.jp"},
		{"shop.kawasaki.jp", own, "by the rule *.kawasaki.jp"},
		{"city.kawasaki.jp", "", "the exception !city.kawasaki.jp"},
		{"arpa", own, "a rule"},
		{"home.arpa", own, "whoever is in the house (RFC 8375)"},

		// One's own.
		{"example.com", "", "one's own"},
		{"example.com.", "", "the absolute name"},
		{"example.co.uk", "", "one's own"},
		{"preview.example.com:*", "", "one's own, any port"},
		{"xn--bcher-kva.example", "", "one's own in Punycode"},
		{"notamazonaws.com", "", "not below amazonaws.com"},
		{"myvercel.app", "", "not vercel.app"},
		{"shop.internal", "", "a network's own name"},

		// Names that no registry gives out.
		{"localhost.", "", "the absolute name"},
		{"localhost:*", "", "any port"},
		{"app.localhost", "", "below localhost"},
		{"test", "", "RFC 6761, 6.2"},
		{"example", "", "RFC 6761, 6.5"},
		{"shop.test", "", "below test"},
		{"local", own, "any device of a network takes one (RFC 6762)"},
		{"internal", own, "any machine of a network has one"},
		{"lan", own, "a single label is nobody's own"},
		{"cromulent", own, "a single label is nobody's own"},
		{"invalid", own, "it names nothing (RFC 6761, 6.4)"},

		// No hosts.
		{"1", "no host", "a label of digits"},
		{"127.0.0.1", "no host", "an address has no subdomains"},
		{"0.0.1", "no host", "part of an address"},
		{"0x7f000001", "no host", "an address in another form"},
		{"COM", "lower case", "browsers send lower case"},
		{"GitHub.io", "lower case", "browsers send lower case"},
		{"*.com", "whole labels", "one wildcard at the front"},
		{"", "no host name", "no base"},
		{".com", "no host name", "an empty label"},
		{"com..", "no host name", "an empty label"},

		// Services on the list.
		{"amplifyapp.com", amplify, "every app"},
		{"d123.amplifyapp.com", "", "one app's branches"},
		{"main.d123.amplifyapp.com", "", "below one app's"},
		{"vercel.app", vercel, "every deployment"},
		{"netlify.app", netlify, "every site"},
		{"pages.dev", pages, "every project"},
		{"my-app.pages.dev", "", "one project's previews"},
		{"workers.dev", `"https://*.SUBDOMAIN.workers.dev"`, "every account"},
		{"my-account.workers.dev", "", "one account's workers"},
		{"github.io", "name exact origins", "every account"},
		{"cloudfront.net", "DistributionDomainName()", "every distribution"},
		{"herokuapp.com", unknown, "no better advice"},
		{"ngrok-free.app", unknown, "every tunnel"},
		{"trycloudflare.com", unknown, "every tunnel"},
		{"run.app", parent, "above the rule *.run.app"},
		{"a.run.app", unknown, "by the rule *.run.app"},
		{"render.com", parent, "above app.render.com"},
		{"app.render.com", unknown, "a rule"},
		{"platform.salesforce.com", parent, "four labels above a rule"},

		// Services that the list has in part or not at all.
		{"s3.amazonaws.com", aws, "every bucket"},
		{"shop.s3.amazonaws.com", aws, "a bucket may be called evil.shop"},
		{"shop.s3-website-us-east-1.amazonaws.com", aws, "a bucket may be called evil.shop"},
		{"s3-website-us-east-1.amazonaws.com", aws, "every website"},
		{"us-east-1.amazonaws.com", aws, "a region"},
		{"execute-api.us-east-1.amazonaws.com", aws, "every API"},
		{"execute-api.xx-new-1.amazonaws.com", aws, "a region that the list does not know"},
		{"us-east-1.elb.amazonaws.com", aws, "every load balancer"},
		{"eu-central-1.compute.amazonaws.com", aws, "every instance"},
		{"s3.cn-north-1.amazonaws.com.cn", aws, "every bucket"},
		{"us-east-1.on.aws", function, "a region"},
		{"lambda-url.us-east-1.on.aws", function, "every function URL"},
		{"lambda-url.xx-new-1.on.aws", function, "a region that the list does not know"},
		{"us-east-1.amazoncognito.com", cognito, "a region"},
		{"auth.us-east-1.amazoncognito.com", cognito, "every user pool"},
		{"auth.xx-new-1.amazoncognito.com", cognito, "a region that the list does not know"},
		{"us-east-1.awsapprunner.com", "exact origin of your service", "a region"},
		{"xx-new-1.elasticbeanstalk.com", "exact origin of your environment", "a region that the list does not know"},
		{"us-east-1.cs.amazonlightsail.com", "exact origin of your service", "a region"},
		{"studio.xx-new-1.sagemaker.aws", aws, "a region that the list does not know"},
		{"googleapis.com", bucket, "on the list, as one suffix"},
		{"storage.googleapis.com", bucket, "every bucket"},
		{"shop.storage.googleapis.com", bucket, "nobody has a domain there"},
		{"bc.googleusercontent.com", address, "every machine"},
		{"oss-cn-hangzhou.aliyuncs.com", bucket, "every bucket of a region"},
		{"cos.ap-guangzhou.myqcloud.com", bucket, "every bucket of a region"},
		{"obs.cn-north-4.myhuaweicloud.com", bucket, "every bucket of a region"},
		{"s3.eu-central-1.wasabisys.com", bucket, "every bucket of a region"},
		{"s3.us-west-004.backblazeb2.com", bucket, "every bucket of a region"},
		{"us-south.codeengine.appdomain.cloud", "HASH.REGION.codeengine", "every app of a region"},
		{"sharepoint.com", "exact origin of your tenant", "every company"},
		{"core.windows.net", azure, "above web.core.windows.net"},
		{"web.core.windows.net", azure, "every website"},
		{"z13.web.core.windows.net", azure, "every website of a zone"},
		{"westeurope.cloudapp.azure.com", azure, "every machine of a region"},
		{"westeurope-01.azurewebsites.net", azure, "every app of a region"},
		{"centralus.5.azurestaticapps.net", azure, "every app of a region"},
		{"azurecontainerapps.io", "ENVIRONMENT.REGION.azurecontainerapps.io", "every region"},
		{"westeurope.azurecontainerapps.io", "ENVIRONMENT.REGION.azurecontainerapps.io", "every environment"},
		{"happyhill-1.westeurope.azurecontainerapps.io", "", "one environment's apps"},
		{"app.github.dev", "exact origin of your environment", "every codespace"},
		{"euw.devtunnels.ms", tunnel, "every tunnel of a region"},
		{"cluster-1.cloudworkstations.dev", "exact origin of your environment", "Firebase Studio shares clusters"},
		{"stackblitz.io", "exact origin of your environment", "every project"},
		{"ws-eu115.gitpod.io", "exact origin of your environment", "every workspace of a cluster"},
		{"sharedwithexpose.com", tunnel, "every tunnel"},
		{"neocities.org", "name exact origins", "every site"},
		{"loca.lt", tunnel, "every tunnel"},
		{"serveousercontent.com", tunnel, "every tunnel"},
		{"lhr.life", tunnel, "every tunnel"},
		{"gradio.live", tunnel, "every tunnel"},
		{"share.zrok.io", tunnel, "every tunnel"},
		{"free.pinggy.link", tunnel, "every tunnel"},
		{"localhost.run", tunnel, "every tunnel"},
		{"cs-europe-west1-x.cloudshell.dev", "exact origin of your environment", "every shell"},
		{"local-credentialless.webcontainer.io", "exact origin of your environment", "every project of StackBlitz"},
		{"koyeb.app", "name exact origins", "every app"},
		{"surge.sh", "name exact origins", "every site"},
		{"10.0.0.1.nip.io", address, "203.0.113.9.10.0.0.1.nip.io is 203.0.113.9"},
		{"10-0-0-1.sslip.io.", address, "the absolute name"},
		{"traefik.me", address, "every address"},

		// The same in other regions, zones and partitions, and services beside those.
		{"amazonaws.eu", aws, "every bucket of the European Sovereign Cloud"},
		{"execute-api.eusc-de-east-1.amazonaws.eu", aws, "every API of the European Sovereign Cloud"},
		{"lambda-url.eusc-de-east-1.on.amazonwebservices.eu", aws, "every function URL of it"},
		{"lambda-url.cn-north-1.on.amazonwebservices.com.cn", aws, "every function URL of China"},
		{"execute-api.us-east-1.api.aws", aws, "AWS's own"},
		{"cloudfront.cn", "exact origin of your distribution", "every distribution of China"},
		{"z01.azurefd.net", azure, "every endpoint of Front Door"},
		{"z1.web.storage.azure.net", azure, "every website of a zone"},
		{"regional.azure-api.net", azure, "every gateway"},
		{"developer.azure-api.net", azure, "every portal"},
		{"chinacloudsites.cn", azure, "every app of China"},
		{"z4.web.core.chinacloudapi.cn", azure, "every website of a zone"},
		{"chinaeast2.cloudapp.chinacloudapi.cn", azure, "every machine of a region"},
		{"z2.web.core.usgovcloudapi.net", azure, "every website of a zone"},
		{"usgovvirginia.cloudapp.usgovcloudapi.net", azure, "every machine of a region"},
		{"storage.googleapis.com", "exact origin of your bucket", "every bucket"},
		{"googleusercontent.com", "name exact origins", "every script's pages"},
		{"eu-de.codeengine.appdomain.cloud", "HASH.REGION.codeengine", "every project of a region"},
		{"1a2b3c.eu-de.codeengine.appdomain.cloud", "", "one project's apps"},
		{"shop-1a2b-0000.eu-de.containers.appdomain.cloud", "", "one cluster's apps"},
		{"s3-web.eu-de.cloud-object-storage.appdomain.cloud", "exact origin of your bucket or app", "every bucket of a region"},
		{"cfapps.eu10.hana.ondemand.com", "name exact origins", "every app of a region"},
		{"ondemand.com", "name exact origins", "above hana.ondemand.com"},
		{"lightning.force.com", "exact origins of your organization", "every organization"},
		{"my.site.com", "exact origins of your organization", "every organization"},
		{"sandbox.my.salesforce.com", "exact origins of your organization", "every sandbox"},
		{"sharepoint.com", "exact origin of your tenant", "every tenant"},
		{"preview.app.github.dev", "exact origin of your environment", "every codespace, before"},
		{"ws-eu110.gitpod.io", "exact origin of your environment", "every workspace of a region"},
		{"lite.vusercontent.net", "exact origin of your environment", "every app of v0"},
		{"anonymous.8081.exp.direct", tunnel, "every tunnel of a port"},
		{"eu-1.sharedwithexpose.com", tunnel, "every tunnel of a region"},
		{"free.beeceptor.com", "name exact origins", "every endpoint"},
		{"modal.run", "name exact origins", "every app"},
		{"b-cdn.net", "name exact origins", "every zone"},
		{"wordpress.com", "name exact origins", "every site"},
		{"my.local-ip.co", address, "every address"},
	} {
		pattern := "https://*." + tt.base
		fault := refused(t, pattern)
		switch {
		case tt.want == "" && fault != nil:
			t.Errorf("%s (%s): %v", pattern, tt.why, fault)
		case tt.want != "" && (fault == nil || !strings.Contains(fault.Error(), tt.want)):
			t.Errorf("%s (%s): %v, want %q", pattern, tt.why, fault, tt.want)
		case fault != nil && tt.want != unknown && tt.want != parent && strings.Contains(fault.Error(), "Dangerously"):
			t.Errorf("%s: %v, though there is better advice", pattern, fault)
		}
	}
	if fault := refused(t, "http://*.localhost:*"); fault != nil {
		t.Error(fault)
	}
}

// A wildcard within a label says what is right for the service.
func TestWildcardWithinLabel(t *testing.T) {
	for pattern, want := range map[string]string{
		"https://*--my-app.netlify.app":       "automatic deploy subdomains",
		"https://pr-*.d123.amplifyapp.com":    `"https://*.APPID.amplifyapp.com"`,
		"https://my-app-*-my-team.vercel.app": "Preview Deployment Suffix",
		"https://my-app-*.vercel.app:*":       "Preview Deployment Suffix",
		"https://*-3000.app.github.dev":       "exact origin of your environment",
		"https://*-3000.euw.devtunnels.ms":    "exact origin of your tunnel",
		"https://*.*.amplifyapp.com":          `"https://*.APPID.amplifyapp.com"`,
		"https://pr-*.example.com":            "use a pattern of that form",
		"https://pr-*.com":                    "use a pattern of that form",
	} {
		fault := refused(t, pattern)
		if fault == nil || fault.Reason != cors.OriginWildcard || !strings.Contains(fault.Error(), want) {
			t.Errorf("%s: %v, want %q", pattern, fault, want)
		}
	}
}
