package simulate

import (
	"reflect"
)

// Shown returns a copy of the report with texts as show has them: see [cfn.App.Show]. It is how a report is printed.
func (r *Report) Shown(show func(string) string) *Report {
	v, ok := shown(reflect.ValueOf(r), show).Interface().(*Report)
	if !ok {
		return r // not reached: a copy has the type of what is copied
	}
	return v
}

// shown copies a value, with every string in it as show has it, but for the keys of maps.
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
		if !v.IsNil() {
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
