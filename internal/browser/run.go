package browser

// A Step is one request of an exchange and what came of it.
type Step struct {
	// Preflight says whether it is a preflight or the actual request.
	Preflight bool `json:"preflight"`
	// Reasons says, for a preflight, why it is made.
	Reasons []Reason `json:"reasons,omitempty"`
	// Cache says, for a preflight, what the cache knew; empty without a cache. With [CacheHit] nothing was sent.
	Cache    CacheResult   `json:"cache,omitempty"`
	Request  *HTTPRequest  `json:"request"`
	Response *HTTPResponse `json:"response,omitempty"`
	Verdict  Verdict       `json:"verdict"`
}

// An Outcome is all that happened for one request of a page: its steps in order, redirects included, and how it ended.
type Outcome struct {
	Steps   []Step  `json:"steps"`
	Verdict Verdict `json:"verdict"`
	// Dropped lists the headers that the script set in vain.
	Dropped []Dropped `json:"dropped,omitempty"`
	// Response is what the page's script gets: the last response, with the headers it can read. Nil unless allowed.
	Response *HTTPResponse `json:"response,omitempty"`
}

// Run does what a browser does for a request: preflight, actual request, redirects, until the page has a response or the
// browser refuses. Transport sends one request and returns its response; an error from it stands for a network that failed. The cache may be nil,
// which means that every preflight is made. The error is Prepare's.
func Run(req Call, transport func(*HTTPRequest) (*HTTPResponse, error), cache *PreflightCache) (ex Outcome, err error) {
	plan, err := Prepare(req)
	if err != nil {
		return Outcome{}, err
	}
	ex.Dropped = plan.Dropped
	defer func() {
		for _, step := range ex.Steps {
			ex.Verdict.Warning = or(ex.Verdict.Warning, step.Verdict.Warning)
		}
	}()
	for {
		if plan.Refused != nil {
			ex.Verdict = *plan.Refused
			return ex, nil
		}
		if plan.NeedsPreflight() {
			step := plan.preflight(transport, cache)
			ex.Steps = append(ex.Steps, step)
			if !step.Verdict.Allowed {
				ex.Verdict = step.Verdict
				return ex, nil
			}
		}
		step := Step{Request: plan.Request}
		step.Response, step.Verdict = plan.send(plan.Request, transport)
		if step.Verdict.Allowed {
			step.Verdict = plan.CheckResponse(step.Response)
		}
		if !step.Verdict.Allowed && cache != nil && plan.NeedsPreflight() && cache.browser == Firefox {
			cache.Clear(plan)
		}
		if !step.Verdict.Allowed || !isRedirect(step.Response) {
			ex.Steps = append(ex.Steps, step)
			ex.Verdict = step.Verdict
			if step.Verdict.Allowed {
				ex.Response = &HTTPResponse{Status: step.Response.Status, Header: plan.Exposed(step.Response), Body: step.Response.Body}
			}
			return ex, nil
		}
		next, verdict := plan.Redirect(step.Response)
		step.Verdict = verdict
		ex.Steps = append(ex.Steps, step)
		if !verdict.Allowed {
			ex.Verdict = verdict
			return ex, nil
		}
		plan = next
	}
}

// preflight makes the plan's preflight, unless the cache makes it needless.
func (p *Plan) preflight(transport func(*HTTPRequest) (*HTTPResponse, error), cache *PreflightCache) Step {
	step := Step{Preflight: true, Reasons: p.Reasons, Request: p.Preflight, Verdict: allowed}
	if cache != nil {
		if step.Cache = cache.Lookup(p); step.Cache == CacheHit {
			return step
		}
	}
	step.Response, step.Verdict = p.send(p.Preflight, transport)
	if !step.Verdict.Allowed {
		return step
	}
	step.Verdict = p.CheckPreflight(step.Response)
	if cache == nil {
		return step
	}
	if step.Verdict.Allowed {
		cache.Store(p, step.Response)
	} else if cache.browser == Firefox {
		cache.Clear(p)
	}
	return step
}

// send puts one request to the transport, on a copy that the transport may change.
func (p *Plan) send(r *HTTPRequest, transport func(*HTTPRequest) (*HTTPResponse, error)) (*HTTPResponse, Verdict) {
	out := *r
	out.Header = append(Header(nil), r.Header...)
	out.Body = append([]byte(nil), r.Body...)
	resp, err := transport(&out)
	switch {
	case err != nil:
		return nil, p.fail("ERR_FAILED", "Failed to fetch: "+err.Error(), sectionMainFetch)
	case resp == nil:
		return nil, p.fail("ERR_EMPTY_RESPONSE", "Failed to fetch: no response", sectionMainFetch)
	}
	return resp, allowed
}
