import { offeredTools } from '../support/scripted-upstream.ts'
import { testChatCells } from './chat-cells.ts'
import { askingTools, hearingCalls, offered } from './tool-forms.ts'

testChatCells('parallel tools', {
  speech: { chooseTools: offeredTools },
  asks: askingTools('weather', 'tides'),
  asked: () => offered('weather', 'tides'),
  heard: () => hearingCalls('weather', 'tides'),
  refused: 'tools',
  calls: ['weather', 'tides'],
})
