-- Health of Hone's resources for Argo CD, from the condition Ready and its reason.
-- The same script serves FineTuneJob, CompressionJob, InferenceDeployment and EngineBuild.

-- Somebody has to change something before it goes on.
local broken = {
  Invalid = true,
  Unsupported = true,
  VolumeNotShared = true,
  Rejected = true,
  Failed = true,
  EngineFailed = true,
  RolledBack = true,
  Degraded = true,
  Unavailable = true,
}

-- What a resource waits for can itself be broken.
local lost = {
  ReferenceFailed = true,
  ReferenceRejected = true,
  ReferenceCycle = true,
}

local function find(type)
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == type then
      return condition
    end
  end
  return nil
end

local hs = { status = "Progressing", message = "waits for the operator" }
if obj.status == nil or obj.status.conditions == nil then
  return hs
end
if obj.status.observedGeneration ~= nil and obj.status.observedGeneration ~= obj.metadata.generation then
  hs.message = "waits for the operator to see the change"
  return hs
end

local ready = find("Ready")
if ready == nil then
  return hs
end
hs.message = ready.reason .. ": " .. (ready.message or "")
if ready.status == "True" then
  hs.status = "Healthy"
elseif ready.reason == "Suspended" or ready.reason == "Cancelled" then
  hs.status = "Suspended"
elseif broken[ready.reason] then
  hs.status = "Degraded"
elseif ready.reason == "WaitingForReference" then
  local references = find("ReferencesResolved")
  if references ~= nil and lost[references.reason] then
    hs.status = "Degraded"
  end
end
return hs
