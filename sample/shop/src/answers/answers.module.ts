import { Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AnswerTraceInterceptor } from './answer-trace.interceptor.js';
import { AnswerTraces } from './answer-trace.js';

@Global()
@Module({
  providers: [AnswerTraces, { provide: APP_INTERCEPTOR, useClass: AnswerTraceInterceptor }],
  exports: [AnswerTraces],
})
export class AnswersModule {}
