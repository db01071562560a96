package api

import "strconv"

// FieldFault is one thing wrong with an input in the words of FastAPI and
// pydantic, which more than one of the published APIs speak.
type FieldFault struct {
	Type    string `json:"type"`
	Loc     []any  `json:"loc"` // texts and array indexes
	Message string `json:"msg"`
}

// FieldFaultOf puts an input error into pydantic's words.
func FieldFaultOf(wrong *InputError) FieldFault {
	f := FieldFault{Loc: []any{string(wrong.In)}}
	if wrong.In == InHeader {
		f.Loc[0] = string(InBody) // the only header that is judged says what the body is
	}
	for _, token := range wrong.Path {
		if wrong.In != InHeader {
			f.Loc = append(f.Loc, index(token))
		}
	}
	switch {
	case wrong.Fault == FaultMissing:
		f.Type, f.Message = "missing", "Field required"
	case wrong.Fault == FaultSyntax && wrong.In == InBody:
		f.Type, f.Message = "json_invalid", "JSON decode error"
		f.Loc = append(f.Loc, wrong.Offset)
	case wrong.Fault == FaultType:
		f.Type, f.Message = typeFault(wrong.Want)
	default:
		f.Type, f.Message = "value_error", "Value error, "+wrong.Msg
	}
	return f
}

// index gives an array index as a number, a key as it is.
func index(token string) any {
	if n, err := strconv.Atoi(token); err == nil && strconv.Itoa(n) == token {
		return n
	}
	return token
}

// typeFault names a JSON value of another type than the one wanted.
func typeFault(want string) (kind, message string) {
	switch want {
	case "string":
		return "string_type", "Input should be a valid string"
	case "boolean":
		return "bool_type", "Input should be a valid boolean"
	case "array":
		return "list_type", "Input should be a valid list"
	case "object":
		return "model_attributes_type", "Input should be a valid dictionary or object to extract fields from"
	default:
		return "value_error", "Value error, the value has another type than the one expected"
	}
}
