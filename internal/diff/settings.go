package diff

import (
	"context"
	"errors"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
)

// behindOf is what stands behind an API: functions that are not run. That of a function URL with a CORS setting is taken to send no CORS
// headers, or nothing could be said of the setting; [besideSetting] says so where it matters.
func behindOf(api *gateway.API) gateway.Backend {
	dry := simulate.NotRun(api.App)
	if api.Kind == gateway.FunctionURL && api.CORS != nil {
		return silent{dry}
	}
	return dry
}

type silent struct{ gateway.Backend }

func (b silent) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	out, err := b.Backend.Invoke(ctx, fn, event)
	if errors.As(err, new(*simulate.NotInvoked)) {
		simulate.StandIn(ctx, "the function "+fn.Name+" was not invoked; it is assumed to send no CORS headers")
		return []byte(`{"statusCode": 200}`), nil
	}
	return out, err
}

// besideSetting says that a function URL's function may send CORS headers beside its setting, where either changed.
func besideSetting(apps [2]*cfn.App, p pair, opts Options) []NotCompared {
	if p.old == nil || p.now == nil {
		return nil
	}
	var written, behind [2]string
	for i, s := range []*stage{p.old, p.now} {
		site, err := s.site(apps[i], opts.Variables)
		if err != nil || site.API.Kind != gateway.FunctionURL {
			return nil
		}
		written[i], behind[i] = site.API.Source("GET", "/"), site.API.Behind("GET", "/")
		if site.API.CORS == nil && site.API.NoSetting() == nil {
			return nil // without a setting all is the function's
		}
	}
	if written[0] == written[1] && behind[0] == behind[1] {
		return nil
	}
	return []NotCompared{{Why: "whether the function of " + p.now.api + " sends CORS headers of its own, which are sent beside those of Cors"}}
}
