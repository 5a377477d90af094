package simulate

import (
	"reflect"
)

// Shown returns a copy of the report with texts as show has them: see [cfn.App.Show]. It is how a report is printed.
func (r *Report) Shown(show func(string) string) *Report { return Shown(r, show) }

// Shown returns a copy of a value of exported fields, with every string in it as show has it, but for the keys of maps.
func Shown[T any](v T, show func(string) string) T {
	var out T
	reflect.ValueOf(&out).Elem().Set(shown(reflect.ValueOf(&v).Elem(), show))
	return out
}

func shown(v reflect.Value, show func(string) string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(show(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(shown(v.Elem(), show))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(shown(v.Field(i), show))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			out.Set(v)
		} else if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(shown(v.Index(i), show))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMap(v.Type()))
			for _, k := range v.MapKeys() {
				out.SetMapIndex(k, shown(v.MapIndex(k), show))
			}
		}
	default:
		out.Set(v)
	}
	return out
}
