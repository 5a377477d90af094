package cors_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/corsgate/corsgate/constructs/cors"
)

func Example() {
	policy, err := cors.New(cors.Config{
		Origins:        []string{"https://app.example.com", "https://*.preview.example.com"},
		RequestHeaders: []string{"content-type"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Match("https://app.example.com"))
	fmt.Println(policy.Match("https://pr-7.preview.example.com"))
	fmt.Println(policy.Match("https://preview.example.com.evil.example"))
	for name, value := range policy.StageVariables() {
		if name == "corsOrigins" {
			fmt.Println(name, value)
		}
	}
	// Output:
	// true
	// true
	// false
	// corsOrigins https://app.example.com,https://~.preview.example.com
}

// New returns all faults at once.
func ExampleNew_faults() {
	_, err := cors.New(cors.Config{
		Origins:          []string{"https://app.example.com/", "*"},
		AllowCredentials: true,
	})
	fmt.Println(err)
	var origin *cors.OriginError
	if errors.As(err, &origin) {
		fmt.Println(origin.Reason)
	}
	// Output:
	// invalid CORS policy, 3 faults:
	//   - origin "*": every origin cannot be allowed with credentials: any site could act as its visitor; list the origins, or leave AllowCredentials out
	//   - origin "https://app.example.com/": an origin has no path, so it would match nothing; remove the trailing slash: write "https://app.example.com"
	//   - origin "*": it allows every origin, so the others have no effect; keep either "*" or the others
	// any-with-credentials
}

func ExamplePolicy_Decide() {
	policy := cors.Must(cors.Config{Origins: []string{"https://app.example.com"}, RequestHeaders: []string{"content-type"}})
	decision := policy.Decide(cors.Request{
		Method: "OPTIONS", Origin: "https://app.example.com", RequestMethod: "PUT", Methods: []string{"GET", "PUT"},
	})
	fmt.Println(decision.Status, decision.Allowed)
	for name, value := range decision.Headers() {
		fmt.Printf("%s: %s\n", name, value)
	}
	// Output:
	// 204 true
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Allow-Methods: GET,PUT
	// Access-Control-Allow-Headers: content-type
	// Vary: Origin
}

// A local server, or a container behind an HTTP proxy integration, follows the same policy.
func ExamplePolicy_Handler() {
	policy := cors.Must(cors.Config{Origins: []string{"https://app.example.com"}})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	handler := policy.Handler(mux) // http.ListenAndServe("127.0.0.1:8080", handler)

	for _, origin := range []string{"https://app.example.com", "https://evil.example"} {
		r := httptest.NewRequest("GET", "/items", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Printf("%d %q %q\n", w.Code, w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Vary"))
	}
	// Output:
	// 200 "https://app.example.com" "Origin"
	// 200 "" "Origin"
}

// An app's pages can use an HTTP API, the previews and a mobile app cannot.
func ExamplePolicy_UnsupportedByHTTPAPI() {
	policy := cors.Must(cors.Config{
		Origins: []string{"https://app.example.com", "https://*.preview.example.com", "capacitor://localhost"},
	})
	for _, u := range policy.UnsupportedByHTTPAPI() {
		fmt.Println(u.Value)
		fmt.Println("  " + u.Text)
		fmt.Println("  " + u.Fix)
	}
	// Output:
	// https://*.preview.example.com
	//   an HTTP API compares whole origins, and knows no patterns but *, https://* and http://*
	//   name the origins, or leave CorsConfiguration out and let the function respond
	// capacitor://localhost
	//   it has the scheme capacitor; an HTTP API takes https and http
	//   leave it out, or leave CorsConfiguration out and let the function respond
}

func ExamplePolicy_UnsupportedByFunctionURL() {
	policy := cors.Must(cors.Config{Origins: []string{"https://app.example.com", "http://localhost:*"}})
	for _, u := range policy.UnsupportedByFunctionURL() {
		fmt.Println(u)
	}
	// Output:
	// origin "http://localhost:*": a function URL compares whole origins, and knows no pattern but *; name the origins, or leave Cors out and let the function respond
}
