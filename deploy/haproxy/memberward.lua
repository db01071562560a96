-- Asks Memberward about a request, for haproxy.cfg beside this file.
--
-- The action "memberward" leaves what it learnt in variables of the
-- transaction: txn.memberward_status is 200, 401 or 403, and anything else
-- means that nobody was asked. It never lets a request through by itself: the
-- rules in haproxy.cfg do, and they deny unless the status is 200.

-- The proxy "memberward" of haproxy.cfg listens here. It keeps connections to
-- Memberward open, and knows how long an answer may take.
local address = "abns@memberward"

-- Headers of a client that are for this hop alone, and those that say what is
-- asked about: these are ours to write.
local withheld = {
	["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true, ["http2-settings"] = true,
	["keep-alive"] = true, ["proxy-connection"] = true, ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true,
	["upgrade"] = true, ["x-forwarded-for"] = true, ["x-forwarded-host"] = true, ["x-forwarded-method"] = true,
	["x-forwarded-proto"] = true, ["x-forwarded-uri"] = true, ["x-memberward-secret"] = true,
}

-- What every 200 says, and the variable that it goes into.
local identity = {
	["x-auth-subject"] = "txn.memberward_subject",
	["x-auth-tenant"] = "txn.memberward_tenant",
	["x-auth-level"] = "txn.memberward_level",
	["x-auth-roles"] = "txn.memberward_roles",
	["x-auth-authenticated"] = "txn.memberward_authenticated",
	["x-policy-revision"] = "txn.memberward_policy",
	["x-decision-id"] = "txn.memberward_decision",
}

-- What a 200 says where Memberward is configured to: a signed assertion.
local assertion, assertion_variable = "x-auth-assertion", "txn.memberward_assertion"

-- one gives the value of a header that is there once; nil otherwise.
local function one(headers, name)
	local values = headers and headers[name]
	if values == nil or values[0] == nil or values[0] == "" or values[1] ~= nil then
		return nil
	end
	return values[0]
end

-- question gives the headers of a check: the client's own, so that Memberward
-- sees credentials and refuses aliases, and what is asked about. Values begin
-- at 0 as HAProxy gives them, and at 1 as it takes them.
local function question(txn)
	local headers = {}
	for name, values in pairs(txn.http:req_get_headers()) do
		if not withheld[name] then
			headers[name] = {}
			for i = 0, #values do
				headers[name][i + 1] = values[i]
			end
		end
	end
	headers["host"] = { "memberward" }
	headers["x-forwarded-method"] = { txn.f:method() }
	headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
	headers["x-forwarded-host"] = { txn.f:req_fhdr("host") }
	headers["x-forwarded-uri"] = { txn.f:pathq() }
	headers["x-forwarded-for"] = { txn.f:src() }
	return headers
end

core.register_action("memberward", { "http-req" }, function(txn)
	local answer = core.httpclient():head({ url = "http://memberward/authz/haproxy", dst = address, headers = question(txn) })
	if answer.status ~= 200 and answer.status ~= 401 and answer.status ~= 403 then
		return
	end
	local decision = one(answer.headers, "x-decision-id")
	if decision == nil then
		return -- not Memberward
	end
	txn:set_var("txn.memberward_decision", decision)
	if answer.status == 200 then
		for name, variable in pairs(identity) do
			local value = one(answer.headers, name)
			if value == nil then
				return -- an allow says who, all of it
			end
			txn:set_var(variable, value)
		end
		local signed = one(answer.headers, assertion)
		if signed ~= nil then
			txn:set_var(assertion_variable, signed)
		end
	end
	txn:set_var("txn.memberward_status", answer.status)
end, 0)
