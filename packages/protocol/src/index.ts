export {
  CodedError,
  type CodedErrorOptions,
  type ErrorCode,
  errorTable,
  isCodedError,
  isErrorCode,
  messageOf,
} from "./error.js";
export {
  type Feature,
  features,
  headerNames,
  intersectFeatures,
  parseFeatures,
  randomId,
  sessionFeatures,
} from "./features.js";
export { digestOfIndices } from "./indices-digest.js";
export { LivedClock } from "./lived-clock.js";
export { type AgentOutput, agentOutputSchema, type Message, messageSchema } from "./message.js";
export {
  controllerRoutes,
  type RequestInput,
  type RequestOf,
  type ResponseOf,
  type Route,
  type RouteTable,
  workerRoutes,
} from "./routes.js";
export {
  type Json,
  type SampleIndex,
  type SampleStatus,
  sampleIndexSchema,
  sampleStatuses,
  sampleStatusSchema,
  type TaskOutput,
  taskOutputSchema,
} from "./sample.js";
export {
  cancelReplySchema,
  type Interact,
  interactSchema,
  type Renew,
  renewReplySchema,
  renewSchema,
  type SessionId,
  type SessionReply,
  type StartSample,
  sampleStatusReplySchema,
  sessionIdSchema,
  sessionRefSchema,
  sessionReplySchema,
  startSampleSchema,
  type WorkerStartSample,
  workerStartSampleSchema,
} from "./session.js";
export { sessionIdOf } from "./session-id.js";
export {
  calculateOverallSchema,
  type Heartbeat,
  type HeartbeatReply,
  healthSchema,
  heartbeatReplySchema,
  heartbeatSchema,
  type ListedTask,
  listedTaskSchema,
  listedWorkerSchema,
  type ReportedSession,
  reportedSessionSchema,
  type SessionList,
  sessionListSchema,
  type WholeHeartbeat,
  type WorkerList,
  type WorkerStatus,
  workerListSchema,
  workerLiveness,
  workerSessionsSchema,
  workerStatusSchema,
} from "./worker.js";
